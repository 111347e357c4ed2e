// Command sieve finds primes with a goroutine for each that filters its multiples, connected by unbuffered channels.
package main

import (
	"time"

	"gobuild.example/bench/internal/report"
)

func main() {
	primes := report.Size()
	numbers := make(chan uint64)
	start := time.Now()
	go generate(numbers)
	prime := uint64(0)
	for range primes {
		prime = <-numbers
		rest := make(chan uint64)
		go filter(prime, numbers, rest)
		numbers = rest
	}
	report.Report(start, 1, prime)
}

func generate(to chan<- uint64) {
	for number := uint64(2); ; number++ {
		to <- number
	}
}

func filter(prime uint64, from <-chan uint64, to chan<- uint64) {
	for number := range from {
		if number%prime != 0 {
			to <- number
		}
	}
}
