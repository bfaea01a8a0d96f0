// Package resume keeps the file of --resume, in which a command records its
// progress so that a later run can continue from there.
//
// It may import snapshot/output, which writes files; never a client or the
// command line.
package resume

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"etcdkit/internal/output"
)

// Pause is the interval between writes of the file: a run repeats at most this
// much work after a crash.
const Pause = time.Second

// File is the file. It is for one goroutine at a time.
type File struct {
	Path string
	next time.Time // when it is due
}

// Open reads the state of an interrupted run into from, if the file exists.
// Otherwise it writes the file with now, which shows whether it can be written.
// Both are of the type that Write accepts.
func Open(path string, from, now any) (f *File, found bool, err error) {
	f = &File{Path: path}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() { // reading a pipe would wait for a writer
		return nil, true, fmt.Errorf("%s can't be a resume file: it is not a regular file", path)
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, false, f.write(now)
	}
	if err != nil {
		return nil, false, fmt.Errorf("read the resume file: %w", err)
	}
	if err := json.Unmarshal(b, from); err != nil {
		return nil, true, fmt.Errorf("%s is no resume file: %w", path, err)
	}
	return f, true, nil
}

// Foreign returns the error for a file of another run: it says what the file
// belongs to, and the next step, which is at least to delete it.
func (f *File) Foreign(of string) error {
	return fmt.Errorf("%s is of %s delete it to begin anew", f.Path, of)
}

// Due reports whether progress was recorded a pause ago, or never.
func (f *File) Due() bool { return time.Now().After(f.next) }

// Write replaces the contents of the file.
func (f *File) Write(now any) error {
	f.next = time.Now().Add(Pause)
	return f.write(now)
}

// Insert is Write for a state that is not progress: a write that is due stays
// due.
func (f *File) Insert(now any) error { return f.write(now) }

func (f *File) write(now any) error {
	b, err := json.Marshal(now)
	if err == nil {
		err = output.WriteFile(f.Path, append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write the resume file: %w", err)
	}
	return nil
}

// Remove removes the file after a completed run.
func (f *File) Remove() error { return os.Remove(f.Path) }
