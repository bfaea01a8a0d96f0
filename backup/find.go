package backup

import (
	"context"
	"fmt"
	"strings"
)

// Latest is the name that stands for the newest good backup.
const Latest = "latest"

// FindError says that a repository has no backup of a name, or several.
type FindError struct{ text string }

func (e *FindError) Error() string { return e.text }

// Find returns the backup of a name, of the beginning of one that no other
// backup has, or the newest good one for [Latest]. A damaged backup is found by
// its name.
func (r *Repository) Find(ctx context.Context, name string) (*Backup, error) {
	l, err := r.List(ctx)
	if err != nil {
		return nil, err
	}
	return l.Find(name)
}

// Find is [Repository.Find] on a listing.
func (l *Listing) Find(name string) (*Backup, error) {
	if name == Latest {
		if len(l.Backups) == 0 {
			return nil, &FindError{"the repository has no good backup" + l.others()}
		}
		return l.Backups[0], nil
	}
	var match []*Backup
	for _, b := range l.All() {
		if b.Name == name {
			return b, nil
		}
		if name != "" && strings.HasPrefix(b.Name, name) {
			match = append(match, b)
		}
	}
	switch len(match) {
	case 1:
		return match[0], nil
	case 0:
		for _, left := range l.Leftovers {
			if left.Name == name {
				return nil, damaged("%s is no usable backup: %s", name, left.Why)
			}
		}
		return nil, &FindError{fmt.Sprintf("there is no backup %q in the repository: \"etcdctl backup list\" shows their names", name)}
	}
	return nil, &FindError{fmt.Sprintf("%q is ambiguous: %d backups begin with it, such as %s and %s", name, len(match), match[0].Name, match[1].Name)}
}

// others describes what the repository has instead of good backups.
func (l *Listing) others() string {
	if n := len(l.Damaged) + len(l.Leftovers); n > 0 {
		return fmt.Sprintf("; \"etcdctl backup list --incomplete\" shows %d that can't be used", n)
	}
	return ""
}
