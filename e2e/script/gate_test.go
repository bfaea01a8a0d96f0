package script

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
)

// TestGate fills a gate of one place and sees in which order the others come in.
func TestGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(1)
		leave, err := g.Enter(t.Context(), TurnUsual)
		if err != nil {
			t.Fatal(err)
		}
		var order []string
		enter := func(ctx context.Context, name string, turn Turn) {
			go func() {
				leave, err := g.Enter(ctx, turn)
				if err != nil {
					order = append(order, name+": "+err.Error())
					return
				}
				order = append(order, name)
				leave()
			}()
			synctest.Wait()
		}
		canceled, cancel := context.WithCancel(t.Context())
		enter(t.Context(), "first", TurnUsual)
		enter(canceled, "canceled", TurnLong)
		enter(t.Context(), "second", TurnUsual)
		enter(t.Context(), "long", TurnLong)
		enter(t.Context(), "next", TurnNext)
		cancel()
		synctest.Wait()
		leave()
		synctest.Wait()
		if want := []string{"canceled: context canceled", "long", "next", "first", "second"}; !slices.Equal(order, want) {
			t.Errorf("got %q, want %q", order, want)
		}
		leave, err = g.Enter(t.Context(), TurnUsual) // no place was lost
		if err != nil {
			t.Fatal(err)
		}
		defer leave()
		if _, err := g.Enter(canceled, TurnUsual); !errors.Is(err, context.Canceled) {
			t.Errorf("a second place: %v", err)
		}
	})
}
