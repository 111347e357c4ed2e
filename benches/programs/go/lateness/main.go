// Command lateness sleeps for a millisecond again and again, and tells how much later than that it woke.
package main

import (
	"fmt"
	"slices"
	"time"

	"gobuild.example/bench/internal/report"
)

const nap = time.Millisecond

func main() {
	late := make([]time.Duration, report.Size())
	for i := range late {
		asleep := time.Now()
		time.Sleep(nap)
		late[i] = time.Since(asleep) - nap
	}
	slices.Sort(late)
	fmt.Printf("median %d\n", late[len(late)/2].Nanoseconds())
	fmt.Printf("p99 %d\n", late[len(late)*99/100].Nanoseconds())
}
