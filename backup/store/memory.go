package store

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
)

// Memory is a store in memory, for tests.
type Memory struct {
	mu      sync.Mutex
	objects map[string]content
}

type content struct {
	data     []byte
	modified time.Time
}

// NewMemory returns an empty store.
func NewMemory() *Memory { return &Memory{objects: map[string]content{}} }

// Location names no store in particular.
func (m *Memory) Location() string { return "memory" }

// Close does nothing.
func (m *Memory) Close() error { return nil }

// Put keeps a copy of what r yields.
func (m *Memory) Put(ctx context.Context, name string, r io.Reader, o PutOptions) (Object, error) {
	if err := CheckName(name); err != nil {
		return Object{}, err
	}
	data, err := io.ReadAll(Reader(ctx, r, o))
	if err != nil {
		return Object{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.objects[name]; ok && o.IfAbsent {
		return Object{}, WithKind(ErrExists, fmt.Errorf("%s exists already", name))
	}
	c := content{data, time.Now()}
	m.objects[name] = c
	return c.object(name), nil
}

func (c content) object(name string) Object {
	return Object{Name: name, Size: int64(len(c.data)), Modified: c.modified}
}

// Get reads the copy.
func (m *Memory) Get(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	if err := errors.Join(CheckName(name), CheckRange(offset, length)); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.objects[name]
	if !ok {
		return nil, WithKind(ErrNotFound, fmt.Errorf("%s does not exist", name))
	}
	part := c.data[min(offset, int64(len(c.data))):]
	if length >= 0 {
		part = part[:min(length, int64(len(part)))]
	}
	return io.NopCloser(reader{ctx, bytes.NewReader(part)}), nil
}

// List yields the objects that exist when it begins.
func (m *Memory) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		m.mu.Lock()
		now := maps.Clone(m.objects)
		m.mu.Unlock()
		for _, name := range slices.Sorted(maps.Keys(now)) {
			if ctx.Err() != nil {
				yield(Object{}, context.Cause(ctx))
				return
			}
			if strings.HasPrefix(name, prefix) && !yield(now[name].object(name), nil) {
				return
			}
		}
	}
}

// Delete forgets an object.
func (m *Memory) Delete(_ context.Context, name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, name)
	return nil
}

// Incomplete yields nothing: no upload outlives its Put.
func (m *Memory) Incomplete(context.Context, string) iter.Seq2[Upload, error] {
	return func(func(Upload, error) bool) {}
}

// Abort has nothing to remove.
func (m *Memory) Abort(context.Context, Upload) error { return nil }
