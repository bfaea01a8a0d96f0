package cli

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestCodeOf(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	tests := []struct {
		name   string
		err    error
		want   Code
		silent bool
		text   string
	}{
		{"nil", nil, OK, false, ""},
		{"nil with a code", Exit(BadArgs, nil), OK, false, ""},
		{"nil with another code", Recode(BadArgs, nil), OK, false, ""},
		{"plain", boom, Failure, false, "boom"},
		{"with a code", Exit(BadFeature, boom), BadFeature, false, "boom"},
		{"wrapped", fmt.Errorf("get: %w", Exit(BadConnection, boom)), BadConnection, false, "get: boom"},
		{"joined", errors.Join(boom, Exit(IO, io.EOF)), IO, false, "boom\nEOF"},
		{"the inner code stays", Exit(BadArgs, fmt.Errorf("get: %w", Exit(BadConnection, boom))), BadConnection, false, "get: boom"},
		{"unless it is replaced", Recode(Interrupted, fmt.Errorf("save: %w", Exit(BadConnection, boom))), Interrupted, false, "save: boom"},
		{"reported", Reported(Failure, boom), Failure, true, "boom"},
		{"reported after a code", Reported(BadConnection, Exit(BadArgs, boom)), BadConnection, true, "boom"},
		{"reported, wrapped", fmt.Errorf("get: %w", Reported(7, boom)), 7, true, "get: boom"},
		{"final", Final(7, Exit(BadArgs, boom)), 7, false, "boom"},
		{"final and reported", Final(7, Reported(Failure, boom)), 7, true, "boom"},
		{"reported, given a code again", Exit(BadArgs, Reported(7, boom)), 7, true, "boom"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := CodeOf(tt.err); got != tt.want {
				t.Errorf("code %d, want %d", got, tt.want)
			}
			if got := reported(tt.err); got != tt.silent {
				t.Errorf("reported: %v, want %v", got, tt.silent)
			}
			if tt.err == nil {
				return
			}
			if tt.err.Error() != tt.text {
				t.Errorf("text %q, want %q", tt.err, tt.text)
			}
			if !errors.Is(tt.err, boom) {
				t.Errorf("%v does not wrap its cause", tt.err)
			}
		})
	}
}

// Scripts test for these values.
func TestCodes(t *testing.T) {
	t.Parallel()
	got := []Code{OK, Failure, BadConnection, InvalidInput, BadFeature, Interrupted, IO, BadArgs}
	for i, want := range []Code{0, 1, 2, 3, 4, 5, 6, 128} {
		if got[i] != want {
			t.Errorf("code %d is %d, want %d", i, got[i], want)
		}
	}
}
