package datadir

import "testing"

// The term of the last entry counts before its index.
func TestLater(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b Info
		want int
	}{
		{Info{LastTerm: 2, Last: 10}, Info{LastTerm: 2, Last: 10}, 0},
		{Info{LastTerm: 2, Last: 10}, Info{LastTerm: 2, Last: 9}, 1},
		{Info{LastTerm: 3, Last: 5}, Info{LastTerm: 2, Last: 9}, 1},
		{Info{LastTerm: 1, Last: 50, Term: 9}, Info{LastTerm: 2, Last: 9, Term: 2}, -1},
	} {
		if got, back := Later(tt.a, tt.b), Later(tt.b, tt.a); got != tt.want || back != -tt.want {
			t.Errorf("%+v and %+v: %d and %d, want %d", tt.a, tt.b, got, back, tt.want)
		}
	}
}
