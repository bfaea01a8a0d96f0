package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// command is one program with its arguments and an addition to its environment.
type command struct {
	path    string
	args    []string
	env     string
	fails   bool         // it has to end with exit code 1, otherwise with 0
	mute    bool         // it prints nothing and ends by itself
	prepare func() error // runs before each run, and is not measured; may be nil
	watch   bool         // measure its memory, too
}

// cost is the median cost of a command.
type cost struct {
	wall, cpu time.Duration
	memory    int64 // most bytes of anonymous memory of all runs; 0 where unknown
}

// inTurns runs the commands one after another, n times over after one round
// that warms the caches, and returns the median cost of each.
func inTurns(ctx context.Context, n int, commands ...command) ([]cost, error) {
	wall := make([][]time.Duration, len(commands))
	cpu := make([][]time.Duration, len(commands))
	costs := make([]cost, len(commands))
	for round := range n + 1 {
		for i, c := range commands {
			one, err := c.run(ctx)
			if err != nil {
				return nil, err
			}
			if round == 0 {
				continue
			}
			wall[i] = append(wall[i], one.wall)
			cpu[i] = append(cpu[i], one.cpu)
			costs[i].memory = max(costs[i].memory, one.memory)
		}
	}
	for i := range commands {
		costs[i].wall, costs[i].cpu = median(wall[i]), median(cpu[i])
	}
	return costs, nil
}

// run runs the command once. An error is that it ends in another way than it has to.
func (c command) run(ctx context.Context) (cost, error) {
	if c.prepare != nil {
		if err := c.prepare(); err != nil {
			return cost{}, err
		}
	}
	cmd := exec.CommandContext(ctx, c.path, c.args...)
	cmd.Env = append(os.Environ(), c.env)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return cost{}, err
	}
	ended, memory := make(chan struct{}), make(chan int64, 1)
	go func() { memory <- c.peak(cmd.Process.Pid, ended) }()
	err := cmd.Wait()
	took := time.Since(start)
	close(ended)
	want := 0
	if c.fails {
		want = 1
	}
	if cmd.ProcessState.ExitCode() != want {
		return cost{}, fmt.Errorf("%s: want exit code %d: %w\n%s", cmd, want, cmp.Or(err, errSucceeded), out.Bytes())
	}
	return cost{took, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), <-memory}, nil
}

var errSucceeded = errors.New("it succeeded")

// peak looks at a process now and then until it has ended, and returns the
// most anonymous memory that it had.
func (c command) peak(pid int, ended <-chan struct{}) int64 {
	if !c.watch {
		return 0
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	var most int64
	for {
		select {
		case <-ended:
			return most
		case <-tick.C:
			most = max(most, anonymous(pid))
		}
	}
}

// anonymous is the anonymous resident memory of a process in bytes; 0 where
// the system does not tell.
func anonymous(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "RssAnon: %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	return 0
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

func ratio(ours, upstream time.Duration) string {
	const small = 0.1
	r := float64(ours) / float64(upstream)
	if r < small {
		return fmt.Sprintf("%.2g", r) // two digits all the same
	}
	return fmt.Sprintf("%.2f", r)
}
