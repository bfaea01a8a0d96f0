// Changelog writes CHANGELOG.md from the entries in the directory changelog, a file each: those of the next release in unreleased, those of
// a release in a directory named after its version and day, such as 0.2.0_2027-01-31. It imports nothing of the programs.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const (
	unreleased = "unreleased"
	head       = "# Changelog\n\nWritten by `make changelog` from the files in `changelog`. To change an entry, edit its file.\n"
)

func main() {
	if err := run("changelog", "CHANGELOG.md"); err != nil {
		fmt.Fprintln(os.Stderr, "changelog:", err)
		os.Exit(1)
	}
}

// run writes the entries below dir to file.
func run(dir, file string) error {
	page, err := assemble(dir)
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(page), 0o644)
}

// kinds are the first words of entries, in the order of their sections.
func kinds() []string { return []string{"Added", "Changed", "Fixed"} }

// assemble returns the page: the next release, then those before it, the newest first.
func assemble(dir string) (string, error) {
	found, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	var releases []string
	for _, d := range found {
		if d.IsDir() {
			releases = append(releases, d.Name())
		}
	}
	slices.SortFunc(releases, newerFirst)
	var page strings.Builder
	page.WriteString(head)
	for _, name := range releases {
		if err := release(&page, filepath.Join(dir, name)); err != nil {
			return "", err
		}
	}
	return page.String(), nil
}

// newerFirst orders directories by their days. Unreleased is the newest.
func newerFirst(a, b string) int {
	day := func(name string) string {
		if name == unreleased {
			return "9999"
		}
		_, day, _ := strings.Cut(name, "_")
		return day
	}
	return strings.Compare(day(b), day(a))
}

// release appends the entries of one directory, by kind and then by file name.
func release(page *strings.Builder, dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil || len(files) == 0 {
		return err
	}
	entries := make(map[string][]string)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		kind, err := check(text)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		entries[kind] = append(entries[kind], strings.ReplaceAll(strings.TrimSpace(string(text)), "\n", "\n  "))
	}
	title := "Unreleased"
	if name := filepath.Base(dir); name != unreleased {
		version, day, _ := strings.Cut(name, "_")
		title = version + " (" + day + ")"
	}
	fmt.Fprintf(page, "\n## %s\n", title)
	for _, kind := range kinds() {
		if len(entries[kind]) > 0 {
			fmt.Fprintf(page, "\n### %s\n\n- %s\n", kind, strings.Join(entries[kind], "\n- "))
		}
	}
	return nil
}

var form = regexp.MustCompile(`^(Added|Changed|Fixed) [^\n]+\n([^\n]+\n){0,2}$`)

// check returns the kind of an entry, or an error if it does not have the form.
func check(text []byte) (kind string, err error) {
	m := form.FindSubmatch(text)
	if m == nil {
		return "", errors.New("an entry has one to three lines and begins with Added, Changed or Fixed")
	}
	return string(m[1]), nil
}
