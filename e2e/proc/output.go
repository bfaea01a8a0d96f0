package proc

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"
)

// Output collects the output of a program and can be waited on. It is safe for
// concurrent use; the zero value is ready.
type Output struct {
	mu      sync.Mutex
	text    strings.Builder
	changed chan struct{} // closed at the next write; nil without a waiter
}

func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
	return o.text.Write(p)
}

func (o *Output) String() string {
	text, _ := o.Next()
	return text
}

// Next returns the text so far and a channel that is closed once there is more.
func (o *Output) Next() (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.changed == nil {
		o.changed = make(chan struct{})
	}
	return o.text.String(), o.changed
}

// Wait returns once cond holds for the text so far, with an error when done is closed or bound is over before it does.
func (o *Output) Wait(ctx context.Context, bound time.Duration, done <-chan struct{}, cond func(string) bool) error {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	for {
		text, changed := o.Next()
		if cond(text) {
			return nil
		}
		select {
		case <-changed:
		case <-done:
			if cond(o.String()) {
				return nil
			}
			return errors.New("ended without printing what is waited for")
		case <-ctx.Done():
			return errors.New("has not printed in time what is waited for")
		}
	}
}
