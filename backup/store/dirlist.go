package store

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"etcdkit/internal/lock"
)

// List reads the directories. Symbolic links, other special files, and files
// and directories whose names no object can have are left out.
func (d *Dir) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		w := walk{ctx: ctx, root: d.root, prefix: prefix, file: func(name string, info fs.FileInfo) bool {
			if CheckName(name) != nil || !strings.HasPrefix(name, prefix) {
				return true
			}
			return yield(Object{Name: name, Size: info.Size(), Modified: info.ModTime()}, nil)
		}}
		if err := d.walk(&w); err != nil {
			yield(Object{}, err)
		}
	}
}

// Incomplete yields temporary files.
func (d *Dir) Incomplete(ctx context.Context, prefix string) iter.Seq2[Upload, error] {
	return func(yield func(Upload, error) bool) {
		w := walk{ctx: ctx, root: d.root, prefix: prefix, file: func(path string, info fs.FileInfo) bool {
			u, ok := partOf(path)
			if !ok || !strings.HasPrefix(u.Name, prefix) {
				return true
			}
			u.Size, u.Changed = info.Size(), info.ModTime()
			return yield(u, nil)
		}}
		if err := d.walk(&w); err != nil {
			yield(Upload{}, err)
		}
	}
}

func (d *Dir) walk(w *walk) error {
	if err := d.missing(); err != nil {
		return err
	}
	_, err := w.dir("")
	return err
}

// partOf parses the slash-separated path of a temporary file.
func partOf(path string) (Upload, bool) {
	dir, base := "", path
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		dir, base = path[:i+1], path[i+1:]
	}
	middle, isPart := strings.CutSuffix(base, partSuffix)
	middle, hidden := strings.CutPrefix(middle, ".")
	dot := strings.LastIndexByte(middle, '.')
	if !isPart || !hidden || dot < 0 {
		return Upload{}, false
	}
	name, id := dir+middle[:dot], middle[dot+1:]
	raw, err := hex.DecodeString(id)
	return Upload{Name: name, ID: id}, err == nil && len(raw) == idBytes && CheckName(name) == nil
}

// Abort removes the temporary file, unless its writer holds the lock.
func (d *Dir) Abort(_ context.Context, u Upload) error {
	dir, base := filepath.Split(filepath.FromSlash(u.Name))
	rel := dir + "." + base + "." + u.ID + partSuffix
	if _, ok := partOf(filepath.ToSlash(rel)); !ok {
		return ErrBadName
	}
	path := filepath.Join(d.root, rel)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		held := lock.Held(f)
		if err := f.Close(); err != nil {
			return err
		}
		if held {
			return WithKind(ErrInUse, &fs.PathError{Op: "remove", Path: path, Err: ErrInUse})
		}
	}
	return d.remove(path) // also a file that can't be opened
}

// walk visits the files below a directory in the order of their names.
type walk struct {
	ctx    context.Context
	root   string
	prefix string
	file   func(name string, info fs.FileInfo) bool // false to stop
}

// dir visits a directory, "" or a name that ends in a slash, and reports whether
// to go on.
func (w *walk) dir(dir string) (bool, error) {
	if w.ctx.Err() != nil {
		return false, context.Cause(w.ctx)
	}
	if !strings.HasPrefix(dir, w.prefix) && !strings.HasPrefix(w.prefix, dir) {
		return true, nil
	}
	entries, err := os.ReadDir(filepath.Join(w.root, filepath.FromSlash(dir)))
	if errors.Is(err, fs.ErrNotExist) { // removed meanwhile
		return true, nil
	}
	if err != nil {
		return false, fileError(err)
	}
	names := make(map[string]fs.DirEntry, len(entries))
	order := make([]string, 0, len(entries))
	for _, e := range entries {
		name := dir + e.Name()
		if e.IsDir() {
			name += "/" // so that "a/b" comes after "a-b", as the bytes do
		}
		names[name] = e
		order = append(order, name)
	}
	slices.Sort(order)
	for _, name := range order {
		if goOn, err := w.entry(name, names[name]); !goOn || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (w *walk) entry(name string, e fs.DirEntry) (bool, error) {
	switch {
	case e.IsDir():
		if CheckName(strings.TrimSuffix(name, "/")) != nil {
			return true, nil
		}
		return w.dir(name)
	case !e.Type().IsRegular():
		return true, nil
	}
	info, err := e.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, fileError(err)
	}
	return w.file(name, info), nil
}
