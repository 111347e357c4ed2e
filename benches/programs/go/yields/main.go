// Command yields runs two goroutines that do nothing but yield. Twin: ours/goroutines/src/bin/yields.rs.
package main

import (
	"runtime"
	"sync/atomic"
	"time"

	"gobuild.example/bench/internal/report"
)

const goroutines = 2

var running atomic.Int64

func main() {
	each := report.Size()
	running.Store(goroutines)
	done := make(chan struct{})
	start := time.Now()
	for range goroutines {
		go func() {
			for range each {
				runtime.Gosched()
			}
			if running.Add(-1) == 0 {
				close(done)
			}
		}()
	}
	<-done
	report.Since(start, goroutines*each)
}
