// Command selects receives from two goroutines, each on an unbuffered channel of its own, whoever comes first.
package main

import (
	"time"

	"gobuild.example/bench/internal/report"
)

func main() {
	items := report.Size()
	even, odd := make(chan uint64), make(chan uint64)
	start := time.Now()
	go produce(0, items, even)
	go produce(1, items, odd)
	sum := uint64(0)
	for range items {
		select {
		case number := <-even:
			sum += number
		case number := <-odd:
			sum += number
		}
	}
	report.Report(start, items, sum)
}

// produce sends every other number.
func produce(first, end uint64, to chan<- uint64) {
	for number := first; number < end; number += 2 {
		to <- number
	}
}
