// Command burst starts goroutines that go 32 KiB deep, wait until all are there, and end; and tells what is resident before, with all of them, and
// 500 µs for each of them later.
package main

import (
	"fmt"
	"sync"
	"time"

	"gobuild.example/bench/internal/report"
)

const (
	frame = 1024
	depth = 32
	pause = 500 * time.Microsecond
)

//go:noinline
func deep(left int, there func()) byte {
	var room [frame]byte
	room[left] = byte(left)
	if left == 0 {
		there()
		return room[0]
	}
	return deep(left-1, there) + room[left]
}

func burst(count uint64) {
	var there, gone sync.WaitGroup
	there.Add(int(count))
	gone.Add(int(count))
	for range count {
		go func() {
			defer gone.Done()
			deep(depth, func() {
				there.Done()
				there.Wait()
			})
		}()
	}
	gone.Wait()
}

func main() {
	count := report.Size()
	before := report.Now()
	burst(count)
	time.Sleep(time.Duration(count) * pause)
	after := report.Now()
	fmt.Printf("before %d\n", before.Resident)
	fmt.Printf("peak %d\n", report.Peak())
	fmt.Printf("after %d\n", after.Resident)
}
