// Package report is what the programs share: how they take their size and how they report. The programs in Rust do the same (`../report`).
//
// Protocol: the first argument is how much to do; the output is lines of a name, a space and a number: `ns` for each operation, `peak` for the
// most bytes that were resident, `answer` for a result that the harness knows.
package report

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Size is how much to do.
func Size() uint64 {
	if len(os.Args) < 2 {
		panic("the first argument is how much to do")
	}
	size, err := strconv.ParseUint(os.Args[1], 10, 64)
	if err != nil {
		panic(err)
	}
	return size
}

// Report reports how long each of count operations took since start, what memory that needed, and what came out.
func Report(start time.Time, count uint64, answer uint64) {
	Since(start, count)
	fmt.Printf("peak %d\n", Peak())
	fmt.Printf("answer %d\n", answer)
}

// Since reports how long each of count operations took since start.
func Since(start time.Time, count uint64) {
	elapsed := time.Since(start)
	fmt.Printf("ns %.3f\n", float64(elapsed.Nanoseconds())/float64(count))
}

// Peak is the most that was resident, in bytes.
func Peak() uint64 {
	return status()["VmHWM"]
}

// Memory is what the kernel accounts to this process, in bytes.
type Memory struct {
	Resident, PageTables uint64
}

// Now is the memory as it is now.
func Now() Memory {
	sizes := status()
	return Memory{sizes["VmRSS"], sizes["VmPTE"]}
}

// status is every size that the kernel tells about this process, in bytes.
func status() map[string]uint64 {
	status, err := os.Open("/proc/self/status")
	if err != nil {
		panic(err)
	}
	defer status.Close()
	sizes := map[string]uint64{}
	for lines := bufio.NewScanner(status); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		kilobytes, isSize := strings.CutSuffix(strings.TrimSpace(value), " kB")
		if !isSize {
			continue
		}
		size, err := strconv.ParseUint(kilobytes, 10, 64)
		if err != nil {
			panic(err)
		}
		sizes[name] = size * 1024
	}
	return sizes
}

// Each prints what one of count cost between before and after.
func Each(before, after Memory, count uint64) {
	each := func(before, after uint64) float64 {
		return max(0, float64(after)-float64(before)) / float64(count)
	}
	fmt.Printf("resident %.1f\n", each(before.Resident, after.Resident))
	fmt.Printf("page_tables %.1f\n", each(before.PageTables, after.PageTables))
}
