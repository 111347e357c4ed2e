// Command pingpong sends a number to a goroutine over an unbuffered channel and gets the next one back over another.
package main

import (
	"time"

	"gobuild.example/bench/internal/report"
)

func main() {
	rounds := report.Size()
	ping, pong := make(chan uint64), make(chan uint64)
	go func() {
		for number := range ping {
			pong <- number + 1
		}
	}()
	number := uint64(0)
	start := time.Now()
	for range rounds {
		ping <- number
		number = <-pong
	}
	report.Report(start, rounds, number)
}
