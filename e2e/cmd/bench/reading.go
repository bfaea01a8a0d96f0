package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"
)

// reading is the cost of one run of a program that prints a lot.
type reading struct {
	wall, first time.Duration // to the end, and to the first byte
	peak        int64         // of memory, in bytes
}

// read runs a program and reads its output: to its end, or until mark has been
// printed a number of times, when that is not 0.
func read(ctx context.Context, c command, mark string, times int) (reading, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, c.path, c.args...)
	cmd.Env, cmd.Stderr = append(os.Environ(), c.env), &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return reading{}, err
	}
	var r reading
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return reading{}, err
	}
	seen, held, buf := 0, 0, make([]byte, 1<<20)
	for {
		n, err := out.Read(buf[held:])
		if n > 0 && r.first == 0 {
			r.first = time.Since(start)
		}
		if times > 0 {
			// The buffered bytes may be the beginning of an incomplete mark.
			all := buf[:held+n]
			seen += bytes.Count(all, []byte(mark))
			held = copy(buf, all[max(0, len(all)-len(mark)+1):])
		}
		if err == io.EOF || times > 0 && seen >= times {
			break
		}
		if err != nil {
			return reading{}, err
		}
	}
	r.wall = time.Since(start)
	if times > 0 {
		cancel()
	}
	err = cmd.Wait()
	if err != nil && times == 0 {
		return reading{}, fmt.Errorf("%s: %w\n%s", cmd, err, stderr.Bytes())
	}
	if times > 0 && seen < times {
		return reading{}, fmt.Errorf("%s: printed %d of %d\n%s", cmd, seen, times, stderr.Bytes())
	}
	if use, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.peak = use.Maxrss << 10 // Linux counts in KiB
	}
	return r, nil
}

// readInTurns reads from the programs one after another, n times over, and
// returns the medians of each.
func readInTurns(ctx context.Context, n int, mark string, times int, commands ...command) ([]reading, error) {
	wall := make([][]time.Duration, len(commands))
	first := make([][]time.Duration, len(commands))
	peak := make([]int64, len(commands))
	for range n {
		for i, c := range commands {
			of := times
			if mark == "" || c.mute {
				of = 0
			}
			r, err := read(ctx, c, mark, of)
			if err != nil {
				return nil, err
			}
			wall[i], first[i] = append(wall[i], r.wall), append(first[i], r.first)
			peak[i] = max(peak[i], r.peak)
		}
	}
	costs := make([]reading, len(commands))
	for i := range commands {
		costs[i] = reading{median(slices.Clone(wall[i])), median(slices.Clone(first[i])), peak[i]}
	}
	return costs, nil
}
