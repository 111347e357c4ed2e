// Command buffered sends numbers from one goroutine to another over a channel with room for 128.
package main

import (
	"time"

	"gobuild.example/bench/internal/report"
)

const room = 128

func main() {
	items := report.Size()
	numbers := make(chan uint64, room)
	start := time.Now()
	go func() {
		for number := range items {
			numbers <- number
		}
		close(numbers)
	}()
	sum := uint64(0)
	for number := range numbers {
		sum += number
	}
	report.Report(start, items, sum)
}
