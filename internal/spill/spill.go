// Package spill makes temporary files that no other program sees and that end
// with the process, for data that does not fit into memory. It imports nothing
// of this module.
package spill

import (
	"errors"
	"fmt"
	"os"
)

// File is a temporary file. The caller closes it.
type File struct {
	*os.File
	named bool // the system can't remove an open file
}

// New makes a file in the directory for temporary files, TMPDIR on Unix.
func New() (*File, error) {
	f, err := os.CreateTemp("", "etcdkit-*")
	if err != nil {
		return nil, fmt.Errorf("make a temporary file (TMPDIR chooses where): %w", err)
	}
	return &File{File: f, named: os.Remove(f.Name()) != nil}, nil
}

// Take makes a temporary file of one that this process has made.
func Take(path string) (*File, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return &File{File: f, named: os.Remove(path) != nil}, nil
}

// Full adds where temporary files go to an error of writing one.
func Full(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w; TMPDIR chooses another directory for temporary files", err)
}

// Close closes the file, which is gone then.
func (f *File) Close() error {
	err := f.File.Close()
	if f.named {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}
