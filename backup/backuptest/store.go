package backuptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"etcdkit/backup/store"
)

// ErrFault is what a failing operation of a Store returns.
var ErrFault = errors.New("fault of the test")

// Fault is what happens at one operation of a Store.
type Fault int

// The faults.
const (
	Fine    Fault = iota
	Before        // the operation fails and has no effect
	After         // it has its effect and fails, as if its answer was lost
	Kill          // it has no effect, and every later operation fails as well
	KillHit       // it has its effect, fails, and so does every later one
	Flip          // a Put stores, or a Get returns, one bit differently
	Cut           // a Get ends early, without an error
)

// Store is a store in memory that fails where Fault says so.
type Store struct {
	// Fault is called before each operation with its number, from 1 on, and its
	// description. It may be nil.
	Fault func(n int, operation string) Fault
	Now   func() time.Time // for Modified

	mu      sync.Mutex
	objects map[string]object
	n       int
	dead    bool
}

type object struct {
	content  []byte
	modified time.Time
}

var _ store.Store = (*Store)(nil)

// Content returns the objects by name; Set replaces one behind the back of the
// faults.
func (s *Store) Content() map[string][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string][]byte{}
	for name, o := range s.objects {
		all[name] = bytes.Clone(o.content)
	}
	return all
}

// Set gives an object this content, or removes it for nil.
func (s *Store) Set(name string, content []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set(name, content)
	if content == nil {
		delete(s.objects, name)
	}
}

func (s *Store) set(name string, content []byte) {
	if s.objects == nil {
		s.objects = map[string]object{}
	}
	at := time.Unix(0, 0)
	if s.Now != nil {
		at = s.Now()
	}
	s.objects[name] = object{bytes.Clone(content), at}
}

// Fail sets Fault while others use the store.
func (s *Store) Fail(fault func(n int, operation string) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Fault = fault
}

// Operations is how many operations there were.
func (s *Store) Operations() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

// step counts an operation. hit reports whether it has its effect.
func (s *Store) step(ctx context.Context, operation string) (f Fault, hit bool, err error) {
	if err := ctx.Err(); err != nil {
		return Fine, false, err
	}
	s.n++
	if s.dead {
		return Kill, false, ErrFault
	}
	if s.Fault != nil {
		f = s.Fault(s.n, operation)
	}
	s.dead = f == Kill || f == KillHit
	if f != Fine && f != Flip && f != Cut {
		err = fmt.Errorf("%s: %w", operation, ErrFault)
	}
	return f, f != Before && f != Kill, err
}

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, name string, r io.Reader, o store.PutOptions) (store.Object, error) {
	content, err := io.ReadAll(r)
	if err != nil {
		return store.Object{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, hit, err := s.step(ctx, "put "+name)
	if _, ok := s.objects[name]; ok && o.IfAbsent && hit {
		return store.Object{}, errors.Join(err, fmt.Errorf("%s %w", name, store.ErrExists))
	}
	if f == Flip && len(content) > 0 {
		content = bytes.Clone(content)
		content[len(content)/2] ^= 1
	}
	if hit {
		s.set(name, content)
	}
	return store.Object{Name: name, Size: int64(len(content))}, err
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, _, err := s.step(ctx, "get "+name)
	if err != nil {
		return nil, err
	}
	o, ok := s.objects[name]
	if !ok {
		return nil, fmt.Errorf("%s: %w", name, store.ErrNotFound)
	}
	content := bytes.Clone(o.content[min(offset, int64(len(o.content))):])
	if length >= 0 {
		content = content[:min(length, int64(len(content)))]
	}
	switch {
	case f == Flip && len(content) > 0:
		content[len(content)/2] ^= 2 // not the bit that a Put flips, which would mend it
	case f == Cut:
		content = content[:len(content)/2]
	}
	return io.NopCloser(bytes.NewReader(content)), nil
}

// List implements store.Store.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[store.Object, error] {
	return func(yield func(store.Object, error) bool) {
		s.mu.Lock()
		_, _, err := s.step(ctx, "list")
		objects := maps.Clone(s.objects)
		s.mu.Unlock()
		if err != nil {
			yield(store.Object{}, err)
			return
		}
		for _, name := range slices.Sorted(maps.Keys(objects)) {
			o := objects[name]
			if strings.HasPrefix(name, prefix) && !yield(store.Object{Name: name, Size: int64(len(o.content)), Modified: o.modified}, nil) {
				return
			}
		}
	}
}

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, hit, err := s.step(ctx, "delete "+name)
	if hit {
		delete(s.objects, name)
	}
	return err
}

// Incomplete implements store.Store. There is never an incomplete upload.
func (s *Store) Incomplete(context.Context, string) iter.Seq2[store.Upload, error] {
	return func(func(store.Upload, error) bool) {}
}

// Abort implements store.Store.
func (s *Store) Abort(context.Context, store.Upload) error { return nil }

// Location implements store.Store.
func (s *Store) Location() string { return "memory" }

// Close implements store.Store.
func (s *Store) Close() error { return nil }
