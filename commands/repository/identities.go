package repository

import (
	"fmt"
	"os"

	"filippo.io/age"
	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
)

// Identities is the flag of commands that decrypt.
type Identities struct{ files []string }

// AddTo adds the flag.
func (o *Identities) AddTo(fs *pflag.FlagSet) {
	fs.StringArrayVar(&o.files, "age-identity", nil, "decrypt with the age identities in this `file`; may be given several times")
}

// Read reads the identities.
func (o *Identities) Read() ([]age.Identity, error) {
	var all []age.Identity
	for _, path := range o.files {
		ids, err := readIdentities(path)
		if err != nil {
			return nil, cli.Exit(cli.BadArgs, fmt.Errorf("--age-identity: %w", err))
		}
		all = append(all, ids...)
	}
	return all, nil
}

func readIdentities(path string) ([]age.Identity, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	ids, err := age.ParseIdentities(f)
	if err != nil { // whose text may quote a key
		return nil, fmt.Errorf("%s has no age identities in the form of age-keygen: AGE-SECRET-KEY-1... on a line", path)
	}
	return ids, nil
}
