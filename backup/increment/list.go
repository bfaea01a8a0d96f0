package increment

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"

	"etcdkit/backup/pack"
	"etcdkit/backup/store"
)

// Increment is an increment in a repository.
type Increment struct {
	Manifest
	Object string
	Size   int64 // of the object

	start int64 // where its data begins: the length of its line
}

// Unusable is an object with the name of an increment that can't be used.
type Unusable struct {
	Object      string
	Line        string
	First, Last int64 // as in the name
	Size        int64
	Why         error // wraps pack.ErrDamaged or pack.ErrNewer
}

// Listing is what a repository has of increments.
type Listing struct {
	// Increments are sorted by line, then by After, then the longest first. Where
	// they overlap, any may be used.
	Increments []*Increment
	Unusable   []Unusable
}

const (
	listTries = 10
	readers   = 8
)

// List reads the manifests of all increments. Reading them does not prove that
// their records are whole; a [Reader] does.
func List(ctx context.Context, s store.Store) (*Listing, error) { return list(ctx, s, Dir+"/") }

// ListLine is List for the increments of one line.
func ListLine(ctx context.Context, s store.Store, line string) (*Listing, error) {
	return list(ctx, s, Dir+"/"+line+"/")
}

func list(ctx context.Context, s store.Store, prefix string) (*Listing, error) {
	// An increment that is gone was merged: the larger one may be missing in the
	// list of names.
	for try := 1; ; try++ {
		l, gone, err := listOnce(ctx, s, prefix)
		if err != nil || !gone {
			return l, err
		}
		if try == listTries {
			return nil, fmt.Errorf("the increments change while they are listed: try again")
		}
	}
}

func listOnce(ctx context.Context, s store.Store, prefix string) (_ *Listing, gone bool, _ error) {
	var objects []store.Object
	for o, err := range s.List(ctx, prefix) {
		if err != nil {
			return nil, false, err
		}
		if _, _, _, ok := ParseName(o.Name); ok {
			objects = append(objects, o)
		}
	}
	l := &Listing{}
	var mu sync.Mutex
	var failed error
	todo := make(chan store.Object)
	var wait sync.WaitGroup
	for range min(readers, len(objects)) {
		wait.Go(func() {
			for o := range todo {
				inc, err := head(ctx, s, o)
				mu.Lock()
				switch {
				case err == nil:
					l.Increments = append(l.Increments, inc)
				case errors.Is(err, store.ErrNotFound):
					gone = true
				case errors.Is(err, pack.ErrDamaged), errors.Is(err, pack.ErrNewer):
					line, first, last, _ := ParseName(o.Name)
					l.Unusable = append(l.Unusable, Unusable{o.Name, line, first, last, o.Size, err})
				default:
					failed = cmp.Or(failed, err)
				}
				mu.Unlock()
			}
		})
	}
	for _, o := range objects {
		todo <- o
	}
	close(todo)
	wait.Wait()
	slices.SortFunc(l.Increments, func(a, b *Increment) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.After, b.After), cmp.Compare(b.To, a.To), cmp.Compare(a.First, b.First), cmp.Compare(b.Last, a.Last))
	})
	slices.SortFunc(l.Unusable, func(a, b Unusable) int { return cmp.Compare(a.Object, b.Object) })
	return l, gone, failed
}

// ByLine yields the increments of each line, which follow each other.
func (l *Listing) ByLine() iter.Seq[[]*Increment] {
	return func(yield func([]*Increment) bool) {
		for all := l.Increments; len(all) > 0; {
			end := slices.IndexFunc(all, func(inc *Increment) bool { return inc.Line != all[0].Line })
			if end < 0 {
				end = len(all)
			}
			if !yield(all[:end]) {
				return
			}
			all = all[end:]
		}
	}
}

// Lines returns the names of the lines that have increments, the newest first, and
// the highest number of each.
func Lines(ctx context.Context, s store.Store) (names []string, last map[string]int64, err error) {
	last = map[string]int64{}
	for o, err := range s.List(ctx, Dir+"/") {
		if err != nil {
			return nil, nil, err
		}
		if line, _, n, ok := ParseName(o.Name); ok {
			last[line] = max(last[line], n)
		}
	}
	names = slices.Sorted(maps.Keys(last))
	slices.Reverse(names)
	return names, last, nil
}

// headSize is how much of an object is read for its line at first, in bytes.
const headSize = 8 << 10

// head reads the line of an object.
func head(ctx context.Context, s store.Store, o store.Object) (*Increment, error) {
	content, err := part(ctx, s, o.Name, headSize)
	if err != nil {
		return nil, err
	}
	end := bytes.IndexByte(content, '\n')
	if end < 0 && o.Size > headSize {
		if content, err = part(ctx, s, o.Name, pack.MaxSealed); err != nil {
			return nil, err
		}
		end = bytes.IndexByte(content, '\n')
	}
	if end < 0 {
		return nil, pack.Damaged("%s does not begin with a manifest", o.Name)
	}
	m, err := parse(content[:end+1])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Name, err)
	}
	if m.object() != o.Name {
		return nil, pack.Damaged("%s has the manifest of %s", o.Name, m.object())
	}
	inc := &Increment{Manifest: *m, Object: o.Name, Size: o.Size, start: int64(end + 1)}
	if want := inc.start + m.Stored.Size; o.Size != want {
		return nil, pack.Damaged("%s has %d bytes, not %d", o.Name, o.Size, want)
	}
	return inc, nil
}

// part reads the beginning of an object.
func part(ctx context.Context, s store.Store, name string, length int64) (b []byte, err error) {
	body, err := s.Get(ctx, name, 0, length)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	return pack.ReadSealed(body)
}
