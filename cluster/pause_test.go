package cluster

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin, interrupted := time.Now(), errors.New("interrupted")
		if err := Pause(t.Context(), 2*time.Second); err != nil || time.Since(begin) != 2*time.Second {
			t.Errorf("ended after %v with error %v", time.Since(begin), err)
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, interrupted)
		defer cancel()
		if err := Pause(ctx, 2*time.Second); !errors.Is(err, interrupted) || time.Since(begin) != 3*time.Second {
			t.Errorf("interrupted: ended after %v with error %v", time.Since(begin), err)
		}
	})
}
