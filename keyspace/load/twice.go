package load

import (
	"context"
	"fmt"
	"hash/maphash"

	"etcdkit/keyspace/bulk"
	"etcdkit/keyspace/lines"
)

// twice finds keys that come more than once. It keeps a hash of each key: the
// only thing that is held for each pair, because a key's second line may come
// any time. So it is used only if a second line is an error.
type twice struct {
	seed     maphash.Seed
	seen     map[uint64]struct{}
	suspects map[uint64]struct{} // hashes that came more than once
}

func newTwice() *twice {
	return &twice{maphash.MakeSeed(), make(map[uint64]struct{}), make(map[uint64]struct{})}
}

func (w *twice) add(key []byte) {
	hash := maphash.Bytes(w.seed, key)
	if _, found := w.seen[hash]; found {
		w.suspects[hash] = struct{}{}
	}
	w.seen[hash] = struct{}{}
}

// checkTwice reads the input once more if there may be a key that comes twice,
// and returns an error if there is.
func (l *Load) checkTwice(ctx context.Context, w *twice) error {
	if len(w.suspects) == 0 {
		return nil
	}
	r, err := l.Open()
	if err != nil {
		return err
	}
	first := make(map[string]int64)
	return l.each(r, func(p lines.Pair, broken error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case broken != nil:
			return broken
		}
		if _, suspect := w.suspects[maphash.Bytes(w.seed, p.Key)]; !suspect {
			return nil
		}
		at := r.Position().Lines
		if before, found := first[string(p.Key)]; found {
			return fmt.Errorf("%s %d: %w: %q is also the key of %s %d; nothing was written", l.Unit, at, bulk.ErrPresent, shown(p.Key), l.Unit, before)
		}
		first[string(p.Key)] = at
		return nil
	})
}
