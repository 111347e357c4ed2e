// Command atrest sleeps for so many milliseconds again and again. With 0 it starts goroutines of which half sleep and half wait for a channel, and waits as well.
// It never ends: whoever started it looks on from outside.
package main

import (
	"fmt"
	"time"

	"gobuild.example/bench/internal/report"
)

const goroutines = 1000
const forEver = time.Hour

func main() {
	period := time.Duration(report.Size()) * time.Millisecond
	if period == 0 {
		nobodySends := make(chan struct{})
		for i := range goroutines {
			if i%2 == 0 {
				go time.Sleep(forEver)
			} else {
				go func() { <-nobodySends }()
			}
		}
	}
	fmt.Println("ready")
	for period != 0 {
		time.Sleep(period)
	}
	time.Sleep(forEver)
}
