// Command yields runs two goroutines that do nothing but yield, and tells how often one came back without the other having run.
package main

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"gobuild.example/bench/internal/report"
)

const goroutines = 2

var (
	running atomic.Int64
	last    atomic.Uint64
	alone   atomic.Uint64
)

func main() {
	each := report.Size()
	running.Store(goroutines)
	last.Store(goroutines)
	done := make(chan struct{})
	start := time.Now()
	for me := range uint64(goroutines) {
		go func() {
			mine := uint64(0)
			for range each {
				last.Store(me)
				runtime.Gosched()
				if last.Load() == me {
					mine++
				}
			}
			alone.Add(mine)
			if running.Add(-1) == 0 {
				close(done)
			}
		}()
	}
	<-done
	calls := goroutines * each
	report.Since(start, calls)
	fmt.Printf("alone %.1f\n", 100*float64(alone.Load())/float64(calls))
}
