// Command sleepers starts goroutines that sleep for 100 ms, all at once, and waits for the last of them.
package main

import (
	"sync/atomic"
	"time"

	"gobuild.example/bench/internal/report"
)

const nap = 100 * time.Millisecond

var running, rested atomic.Int64

func main() {
	count := report.Size()
	running.Store(int64(count))
	done := make(chan struct{}, 1)
	start := time.Now()
	for range count {
		go func() {
			asleep := time.Now()
			time.Sleep(nap)
			if time.Since(asleep) >= nap {
				rested.Add(1)
			}
			if running.Add(-1) == 0 {
				done <- struct{}{}
			}
		}()
	}
	<-done
	report.Report(start, 1, uint64(rested.Load()))
}
