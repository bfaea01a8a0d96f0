package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"
)

// command is one program with its arguments and an addition to its environment.
type command struct {
	path  string
	args  []string
	env   string
	fails bool // it has to end with exit code 1, otherwise with 0
	mute  bool // it prints nothing and ends by itself
}

// cost is what a command takes.
type cost struct{ wall, cpu time.Duration }

// run runs the command once. An error is that it ends in another way than it has to.
func (c command) run(ctx context.Context) (cost, error) {
	want := 0
	if c.fails {
		want = 1
	}
	cmd := exec.CommandContext(ctx, c.path, c.args...)
	cmd.Env = append(os.Environ(), c.env)
	start := time.Now()
	out, err := cmd.CombinedOutput()
	wall := time.Since(start)
	if cmd.ProcessState.ExitCode() != want { // -1 where it did not start
		return cost{}, fmt.Errorf("%s: want exit code %d: %w\n%s", cmd, want, cmp.Or(err, errSucceeded), out)
	}
	return cost{wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}, nil
}

var errSucceeded = errors.New("it succeeded")

// inTurns runs the commands one after another, n times over after one round
// that warms the caches, and returns the median cost of each.
func inTurns(ctx context.Context, n int, commands ...command) ([]cost, error) {
	wall := make([][]time.Duration, len(commands))
	cpu := make([][]time.Duration, len(commands))
	for round := range n + 1 {
		for i, c := range commands {
			took, err := c.run(ctx)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				wall[i] = append(wall[i], took.wall)
				cpu[i] = append(cpu[i], took.cpu)
			}
		}
	}
	costs := make([]cost, len(commands))
	for i := range commands {
		costs[i] = cost{median(wall[i]), median(cpu[i])}
	}
	return costs, nil
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
