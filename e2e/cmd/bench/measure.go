package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"
)

// command is one program with its arguments and an addition to its environment.
type command struct {
	path string
	args []string
	env  string
}

// cost is the median cost of a command.
type cost struct{ wall, cpu time.Duration }

// inTurns runs the commands one after another, n times over after one round
// that warms the caches, and returns the median cost of each.
func inTurns(ctx context.Context, n int, commands ...command) ([]cost, error) {
	wall := make([][]time.Duration, len(commands))
	cpu := make([][]time.Duration, len(commands))
	for round := range n + 1 {
		for i, c := range commands {
			cmd := exec.CommandContext(ctx, c.path, c.args...)
			cmd.Env = append(os.Environ(), c.env)
			start := time.Now()
			if out, err := cmd.CombinedOutput(); err != nil {
				return nil, fmt.Errorf("%s: %w\n%s", cmd, err, out)
			}
			if round == 0 {
				continue
			}
			wall[i] = append(wall[i], time.Since(start))
			cpu[i] = append(cpu[i], cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
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
	return fmt.Sprintf("%.2f", float64(ours)/float64(upstream))
}
