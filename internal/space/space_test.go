package space

import (
	"errors"
	"path/filepath"
	"testing"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "not", "there")
	for _, need := range []int64{-1, 0, 1} {
		if err := Check(dir, need); err != nil {
			t.Errorf("%d bytes: %v", need, err)
		}
	}
	_, known := available(t.TempDir())
	if err := Check(dir, 1<<62); known != errors.Is(err, ErrFull) {
		t.Errorf("a lot: %v", err)
	}
}
