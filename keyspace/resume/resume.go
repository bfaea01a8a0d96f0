// Package resume keeps the file of --resume, in which a command notes how far
// it has come and from which a later run goes on.
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

// Pause is how much of a run may have to be done again after a crash.
const Pause = time.Second

// File is the file. It is for one goroutine at a time.
type File struct {
	Path string
	next time.Time // when it is due
}

// Open reads into from what an interrupted run has noted, if there is a file.
// Where there is none it makes one of now, which shows whether it can be. Both
// are of the type that Write is given.
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

// Foreign is the error of a file that is not of this run: what it is of, and
// what to do, which is at least to delete it.
func (f *File) Foreign(of string) error {
	return fmt.Errorf("%s is of %s delete it to begin anew", f.Path, of)
}

// Due tells whether progress was noted a pause ago, or never.
func (f *File) Due() bool { return time.Now().After(f.next) }

// Write replaces what the file holds.
func (f *File) Write(now any) error {
	f.next = time.Now().Add(Pause)
	return f.write(now)
}

// Insert is Write for something that does not count as progress: what is due stays
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

// Remove removes the file of a run that has come to its end.
func (f *File) Remove() error { return os.Remove(f.Path) }
