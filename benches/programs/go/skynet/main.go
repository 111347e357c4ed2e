// Command skynet starts a tree of goroutines, each with ten children, down to as many leaves as it is told, and adds up what they send.
package main

import (
	"time"

	"gobuild.example/bench/internal/report"
)

const children = 10

func main() {
	leaves := report.Size()
	sum := make(chan uint64)
	start := time.Now()
	go skynet(sum, 0, leaves)
	report.Report(start, 1, <-sum)
}

func skynet(parent chan<- uint64, number, leaves uint64) {
	if leaves == 1 {
		parent <- number
		return
	}
	mine := make(chan uint64)
	leaves /= children
	for child := range uint64(children) {
		go skynet(mine, number+child*leaves, leaves)
	}
	sum := uint64(0)
	for range children {
		sum += <-mine
	}
	parent <- sum
}
