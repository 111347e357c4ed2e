// Command ring passes a token round a ring of goroutines, over unbuffered channels.
package main

import (
	"time"

	"gobuild.example/bench/internal/report"
)

const members = 503

func main() {
	hops := report.Size()
	last := make(chan uint64)
	first := make(chan uint64)
	from := first
	for range members - 1 {
		to := make(chan uint64)
		go member(from, to, last)
		from = to
	}
	go member(from, first, last)
	start := time.Now()
	first <- hops
	report.Report(start, hops, <-last)
}

// member passes the token on until it has made all its hops.
func member(from <-chan uint64, to chan<- uint64, last chan<- uint64) {
	received := uint64(0)
	for left := range from {
		received++
		if left == 0 {
			last <- received
			return
		}
		to <- left - 1
	}
}
