// Package browser shows a keyspace on a terminal: a tree of its keys, and the
// value, the history or the differences of the key under the cursor.
//
// It may import keyspace and the engines below it that read, the printer for
// quoting, and tcell. It knows no commands, no client and no files, and writes
// nothing to the keyspace.
package browser

import (
	"context"
	"fmt"

	"github.com/gdamore/tcell/v2"

	"etcdkit/keyspace"
)

// Value is what is shown of a value.
type Value struct {
	JSON   []byte // the document of a Kubernetes object; nil if it is none
	Note   string // why a value that should have a document has none
	Hidden bool   // the bytes must not be shown
}

// Options say what to show.
type Options struct {
	Source            keyspace.Source
	Prefix, Separator string
	// Decode returns what to show of a value. It is called by one goroutine at a
	// time.
	Decode func(key, value []byte) Value
	// Command returns the command line of a command and its arguments.
	Command func(name string, args ...string) string
}

// Run shows the keyspace on the terminal of the process until the user quits or
// ctx ends. The terminal is then as it was.
func Run(ctx context.Context, o Options) error {
	tcell.SetEncodingFallback(tcell.EncodingFallbackASCII) // other locales show ASCII
	screen, err := tcell.NewScreen()
	if err == nil {
		err = screen.Init()
	}
	if err != nil {
		return fmt.Errorf("browse cannot use this terminal: %w; set TERM to what it is, such as xterm", err)
	}
	return run(ctx, o, screen)
}

func run(ctx context.Context, o Options, screen tcell.Screen) error {
	defer screen.Fini()
	work, stop := context.WithCancel(ctx)
	defer stop()
	events, quit, done := make(chan tcell.Event, 16), make(chan struct{}), make(chan func(), pageSize)
	defer close(quit)
	go screen.ChannelEvents(events, quit)
	m := newModel(work, o, func(f func()) {
		select {
		case done <- f:
		case <-work.Done():
		}
	})
	m.load(m.root)
	for !m.quit {
		m.draw(screen)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case f := <-done:
			f()
			for range len(done) { // what came meanwhile is drawn at once
				(<-done)()
			}
		case e, ok := <-events:
			if !ok {
				return nil
			}
			m.event(screen, e)
		}
	}
	return nil
}

func (m *model) event(screen tcell.Screen, e tcell.Event) {
	switch e := e.(type) {
	case *tcell.EventResize:
		screen.Sync()
	case *tcell.EventKey:
		m.key(e.Key(), e.Rune())
	}
}
