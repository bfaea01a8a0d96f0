package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestEntries checks the form of every entry.
func TestEntries(t *testing.T) {
	t.Parallel()
	const dir = "../../changelog"
	if _, err := assemble(dir); err != nil {
		t.Error(err)
	}
	others, err := filepath.Glob(filepath.Join(dir, "*/*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range others {
		if filepath.Ext(name) != ".md" {
			t.Errorf("%s is not an entry: its name has to end in .md", name)
		}
	}
}

func TestAssemble(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"unreleased/b.md":        "Fixed the second,\nwhich was long.\n",
		"unreleased/a.md":        "Fixed the first.\n",
		"unreleased/c.md":        "Added the third.\n",
		"0.9.0_2027-01-01/x.md":  "Changed x.\n",
		"0.10.0_2027-02-01/y.md": "Added y.\n",
	} {
		write(t, filepath.Join(dir, name), text)
	}
	file := filepath.Join(dir, "CHANGELOG.md")
	if err := run(dir, file); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := head + `
## Unreleased

### Added

- Added the third.

### Fixed

- Fixed the first.
- Fixed the second,
  which was long.

## 0.10.0 (2027-02-01)

### Added

- Added y.

## 0.9.0 (2027-01-01)

### Changed

- Changed x.
`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		"Added one line.\n":              true,
		"Changed one,\ntwo,\nthree.\n":   true,
		"Fixed one,\ntwo,\nthree,\n4.\n": false,
		"Added no line end.":             false,
		"Added an empty\n\nline.\n":      false,
		"Removed a thing.\n":             false,
		"- Added a bullet.\n":            false,
	} {
		if _, err := check([]byte(text)); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
