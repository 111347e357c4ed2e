// Command mutex lets eight goroutines count together, each increment under a lock.
package main

import (
	"sync"
	"sync/atomic"
	"time"

	"gobuild.example/bench/internal/report"
)

const goroutines = 8

var (
	lock    sync.Mutex
	counter uint64
	running atomic.Int64
)

func main() {
	each := report.Size() / goroutines
	running.Store(goroutines)
	done := make(chan struct{}, 1)
	start := time.Now()
	for range goroutines {
		go func() {
			for range each {
				lock.Lock()
				counter++
				lock.Unlock()
			}
			if running.Add(-1) == 0 {
				done <- struct{}{}
			}
		}()
	}
	<-done
	report.Report(start, goroutines*each, counter)
}
