// Command parked starts goroutines that park for ever, and tells what they cost while all of them are alive.
package main

import (
	"runtime"
	"sync/atomic"

	"gobuild.example/bench/internal/report"
)

var started atomic.Uint64

func main() {
	count := report.Size()
	before := report.Now()
	for range count {
		go func() {
			started.Add(1)
			select {}
		}()
	}
	for started.Load() < count {
		runtime.Gosched()
	}
	report.Each(before, report.Now(), count)
}
