package transfer

import (
	"context"
	"time"
)

// Verification is the result of reading both sides after the copy. Its first
// three numbers add up to the number of keys that v2 had both before and after
// the copy.
type Verification struct {
	Equal     int `json:"equal"`     // v3 has them as v2 has them
	Kept      int `json:"kept"`      // different in v3, as requested or because v3 could not store them
	Different int `json:"different"` // v3 has them otherwise
	Changed   int `json:"changed"`   // set, made or deleted in v2 since it was read
	Expired   int `json:"expired"`   // whose time was up since
}

// shownDifferent is how many keys are named one by one.
const shownDifferent = 10

// verify reads both sides again and counts how they compare.
func (t *Transfer) verify(ctx context.Context, before *Tree) (*Verification, error) {
	now, err := t.Read(ctx)
	if err != nil {
		return nil, err
	}
	t.leases.forget()
	v := &Verification{}
	settled := v.settled(before.Pairs, now.Pairs)
	if err := t.compareAll(ctx, settled, func(p Pair, how standing) { t.verified(v, p, how) }); err != nil {
		return nil, err
	}
	if v.Changed > 0 {
		t.note("%d keys have changed in v2 since it was read at index %d; a run with --on-conflict overwrite brings them to v3", v.Changed, before.Index)
	}
	return v, nil
}

// settled returns the pairs that v2 has now as it had them before, and counts
// the others.
func (v *Verification) settled(before, now []Pair) []Pair {
	var same []Pair
	for len(before) > 0 || len(now) > 0 {
		switch {
		case len(before) == 0 || len(now) > 0 && now[0].From < before[0].From:
			v.Changed++
			now = now[1:]
		case len(now) == 0 || before[0].From < now[0].From:
			// v2 lets a key go within the last of its seconds.
			if end := before[0].Until; !end.IsZero() && time.Until(end) < soon {
				v.Expired++
			} else {
				v.Changed++
			}
			before = before[1:]
		default:
			if before[0].Modified == now[0].Modified && near(before[0].Until, now[0].Until) {
				same = append(same, now[0])
			} else {
				v.Changed++
			}
			before, now = before[1:], now[1:]
		}
	}
	return same
}

// verified counts a pair that was compared.
func (t *Transfer) verified(v *Verification, p Pair, how standing) {
	over := !p.Until.IsZero() && !time.Now().Before(p.Until)
	switch {
	case how == equal:
		v.Equal++
	case t.refused[p.From], how == different && t.Mode == Skip:
		v.Kept++
	case over:
		v.Expired++
	default:
		v.Different++
		if v.Different <= shownDifferent {
			t.note("Not in v3 as in v2: %q", p.From)
		}
	}
}
