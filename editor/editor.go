package editor

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// Editor runs the program that edits.
type Editor struct {
	Program     string // with arguments, as a shell takes it
	Env         []string
	In          io.Reader
	Out, Stderr io.Writer
}

// Program returns the editor that the environment names, or the usual one of the
// system, and whether the environment names one.
func Program(getenv func(string) string) (program string, chosen bool) {
	usual := "vi"
	if runtime.GOOS == "windows" {
		usual = "notepad"
	}
	program = cmp.Or(getenv("VISUAL"), getenv("EDITOR"))
	return cmp.Or(program, usual), program != ""
}

// File is a private file with a text, in a directory of its own.
type File struct{ Path string }

// Create makes a file that only its owner can read. name is the last part of its
// path.
func Create(name string, text []byte) (*File, error) {
	dir, err := os.MkdirTemp("", "etcdctl-edit-")
	if err != nil {
		return nil, err
	}
	f := &File{filepath.Join(dir, name)}
	if err := f.Write(text); err != nil {
		return nil, errors.Join(err, f.Remove())
	}
	return f, nil
}

// Write replaces the text.
func (f *File) Write(text []byte) error { return os.WriteFile(f.Path, text, 0o600) }

// Remove removes the file and its directory.
func (f *File) Remove() error { return os.RemoveAll(filepath.Dir(f.Path)) }

// Edit runs the editor on the file, and returns what it has left there. The editor
// is not ended by an interrupt, which is for it to understand.
func (e Editor) Edit(f *File) ([]byte, error) {
	cmd := exec.Command("sh", "-c", e.Program+` "$1"`, "sh", f.Path) //nolint:gosec // the user's own editor
	if runtime.GOOS == "windows" {
		cmd = exec.Command("cmd", "/c", e.Program+" "+f.Path) //nolint:gosec // the user's own editor
	}
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = e.Env, e.In, e.Out, e.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("the editor %s: %w", e.Program, err)
	}
	return os.ReadFile(f.Path)
}
