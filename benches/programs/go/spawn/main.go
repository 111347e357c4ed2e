// Command spawn starts goroutines that end at once, and waits for the last of them.
package main

import (
	"sync/atomic"
	"time"

	"gobuild.example/bench/internal/report"
)

var running atomic.Int64

func main() {
	count := report.Size()
	running.Store(int64(count))
	done := make(chan struct{})
	start := time.Now()
	for range count {
		go func() {
			if running.Add(-1) == 0 {
				close(done)
			}
		}()
	}
	<-done
	report.Since(start, count)
}
