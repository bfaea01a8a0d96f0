// Package config reads and writes the file of etcdctl's contexts: named sets of
// values for the global flags.
//
// It may import commands/cli and internal packages; never cobra, a client or a
// printer.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"etcdkit/commands/cli"
	"etcdkit/internal/output"
)

// version is that of the format.
const version = 1

// maxSize is the largest file that is read, in bytes.
const maxSize = 1 << 20

// File is a file of contexts.
type File struct {
	path     string
	Current  string // the context in use on a terminal; "" is none
	contexts map[string]Context
}

// Context is a named set of values.
type Context struct {
	// Protected makes commands ask before they change much.
	Protected bool
	// Values are the values of global flags, by name without dashes.
	Values map[string]string
}

// document is the file as YAML.
type document struct {
	Version  int                `yaml:"version"`
	Current  string             `yaml:"current,omitempty"`
	Contexts map[string]Context `yaml:"contexts"`
}

// Path returns where the file is: ETCDCTL_CONFIG, or else etcdctl/config.yaml in
// XDG_CONFIG_HOME, which is ~/.config by default. It returns "" if no directory
// is known.
func Path(s cli.Streams) string {
	if path := s.Getenv("ETCDCTL_CONFIG"); path != "" {
		return path
	}
	dir := s.Getenv("XDG_CONFIG_HOME")
	if dir == "" && runtime.GOOS == "windows" {
		dir = s.Getenv("AppData")
	}
	if home := s.Getenv("HOME"); dir == "" && home != "" {
		dir = filepath.Join(home, ".config")
	}
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, "etcdctl", "config.yaml")
}

// Load reads the file at path. A file that does not exist has no contexts. An
// error names the file and says what to do.
func Load(path string) (*File, error) {
	f := &File{path: path, contexts: map[string]Context{}}
	if path == "" {
		return f, nil
	}
	in, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the contexts: %w", err)
	}
	defer in.Close() //nolint:errcheck // it is only read
	if err := private(in); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(in, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read the contexts: %w", err)
	}
	if len(text) > maxSize {
		return nil, fmt.Errorf("%s is no file of contexts: it has more than %d bytes", path, maxSize)
	}
	return f, f.parse(text)
}

// private checks that only the owner can read and write an open file.
func private(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("read the contexts: %w", err)
	}
	switch mode := info.Mode(); {
	case !mode.IsRegular():
		return fmt.Errorf("%s is not a regular file", f.Name())
	case mode.Perm()&0o077 != 0 && runtime.GOOS != "windows":
		return fmt.Errorf("others have access to %[1]s (mode %04[2]o), which says where passwords are: chmod 600 %[3]s", f.Name(), mode.Perm(), cli.Quote(f.Name()))
	}
	return nil
}

func (f *File) parse(text []byte) error {
	var d document
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	switch err := dec.Decode(&d); {
	case errors.Is(err, io.EOF): // empty
		return nil
	case err != nil:
		return fmt.Errorf("%s is no file of contexts: %s", f.path, oneLine(err))
	case d.Version != version:
		return fmt.Errorf("%s has format version %d; this etcdctl reads version %d", f.path, d.Version, version)
	}
	f.Current = d.Current
	for name, c := range d.Contexts {
		if c.Values == nil { // written as nothing
			c.Values = map[string]string{}
		}
		f.contexts[name] = c
		if err := CheckName(name); err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
	}
	return nil
}

// oneLine returns the text of a YAML error, which may have several lines.
func oneLine(err error) string {
	text := strings.ReplaceAll(strings.TrimPrefix(err.Error(), "yaml: "), " in type config.document", "")
	return strings.Join(strings.Fields(text), " ")
}

// CheckName checks the name of a context.
func CheckName(name string) error {
	odd := func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !letter && !strings.ContainsRune("-_.@:", r)
	}
	if name == "" || name[0] == '-' || strings.IndexFunc(name, odd) >= 0 {
		return fmt.Errorf("%q can't be the name of a context: use letters, digits and any of -_.@: in it", name)
	}
	return nil
}

// Path returns where the file is.
func (f *File) Path() string { return f.path }

// Names returns the names of the contexts, sorted.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.contexts)) }

// Context returns a context. The error names those that exist.
func (f *File) Context(name string) (Context, error) {
	c, ok := f.contexts[name]
	if ok {
		return c, nil
	}
	known := "there are none yet: add one with \"etcdctl context add\""
	if names := f.Names(); len(names) > 0 {
		known = "known: " + strings.Join(names, ", ")
	}
	return Context{}, fmt.Errorf("no context %q in %s; %s", name, f.path, known)
}

// Set adds a context or replaces it.
func (f *File) Set(name string, c Context) { f.contexts[name] = c }

// Remove removes a context. If it was the current one, none is current.
func (f *File) Remove(name string) {
	delete(f.contexts, name)
	if f.Current == name {
		f.Current = ""
	}
}

// Save writes the file, readable by its owner only, and makes its directory.
func (f *File) Save() error {
	if f.path == "" {
		return errors.New("no place for the contexts: set HOME, XDG_CONFIG_HOME or ETCDCTL_CONFIG")
	}
	text, err := yaml.Marshal(document{version, f.Current, f.contexts})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return fmt.Errorf("write the contexts: %w", err)
	}
	if err := output.WriteFile(f.path, text); err != nil {
		return fmt.Errorf("write the contexts: %w", err)
	}
	return nil
}
