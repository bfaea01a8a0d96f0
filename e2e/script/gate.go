package script

import (
	"context"
	"slices"
	"sync"
)

// A Turn says how early a test begins of those that wait for a place.
type Turn int

// The turns, the last first.
const (
	TurnUsual Turn = iota
	TurnNext       // resources that a test that has ended still uses
	TurnLong       // it takes long because it waits: last of all, it would run on alone
)

// Gate limits how many tests run at once. Go's own limit (-parallel) lets them begin in no particular order. Safe for concurrent
// use.
type Gate struct {
	mu      sync.Mutex
	free    int
	waiting []*ticket
}

// ticket is a test that waits; open is closed when it may begin.
type ticket struct {
	turn Turn
	open chan struct{}
}

// NewGate makes a gate of so many places.
func NewGate(places int) *Gate { return &Gate{free: places} }

// Enter waits for a slot: the highest turn first, and within a turn the first
// to arrive. leave gives it back.
func (g *Gate) Enter(ctx context.Context, turn Turn) (leave func(), err error) {
	t := &ticket{turn: turn, open: make(chan struct{})}
	g.mu.Lock()
	at := slices.IndexFunc(g.waiting, func(w *ticket) bool { return w.turn < turn })
	if at < 0 {
		at = len(g.waiting)
	}
	g.waiting = slices.Insert(g.waiting, at, t)
	g.admit()
	g.mu.Unlock()
	select {
	case <-t.open:
		return g.leave, nil
	case <-ctx.Done():
		g.mu.Lock()
		defer g.mu.Unlock()
		if i := slices.Index(g.waiting, t); i >= 0 {
			g.waiting = slices.Delete(g.waiting, i, i+1)
		} else { // it was let in meanwhile
			g.free++
			g.admit()
		}
		return nil, ctx.Err()
	}
}

func (g *Gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.free++
	g.admit()
}

// admit gives the free places away.
func (g *Gate) admit() {
	for g.free > 0 && len(g.waiting) > 0 {
		close(g.waiting[0].open)
		g.waiting = g.waiting[1:]
		g.free--
	}
}
