package read

import (
	"bytes"
	"errors"

	"github.com/spf13/cobra"

	"etcdkit/browser"
	"etcdkit/commands/cli"
	"etcdkit/kube"
)

// NewBrowse returns the command that shows a keyspace on a terminal.
func NewBrowse(p Program) *cobra.Command {
	var (
		separator   string
		showSecrets bool
	)
	cmd := &cobra.Command{
		Use:   "browse [options] [prefix]",
		Short: "Look through keys on a terminal",
		Long: `Show the keys with a prefix as a tree on a terminal, next to the value, the history
or the differences of the key under the cursor. Values of Kubernetes are shown as
YAML, without the data of Secrets. Nothing is written.

Directories are read when they are opened, a part at a time. Press / to search in the
names of keys, w to watch what changes, c for the command that prints what is shown,
? for all keys and q to quit. The terminal needs 80 columns and 24 lines.`,
		Example: p.example(`  etcdctl browse
  etcdctl browse /registry/
  etcdctl browse services. --separator .`),
		RunE: func(cmd *cobra.Command, args []string) error {
			prefix, err := prefixArg(cmd, args)
			if err != nil {
				return err
			}
			if err := checkSeparator(separator); err != nil {
				return err
			}
			_, in := cli.Terminal(p.Streams.In)
			_, out := cli.Terminal(p.Streams.Out)
			if !in || !out {
				return errors.New("browse needs a terminal: use ls, tree or get in scripts")
			}
			decoder, err := kube.New(kube.Options{ShowSecrets: showSecrets})
			if err != nil {
				return err
			}
			s, err := p.Open(cmd)
			if err != nil {
				return err
			}
			defer s.Close() //nolint:errcheck // everything has been read
			return browser.Run(cmd.Context(), browser.Options{
				Source: s.Source, Prefix: prefix, Separator: separator,
				Decode:  browsed(decoder, func(doc []byte) bool { return !showSecrets && isSecret(doc) }),
				Command: p.commandLine(cmd),
			})
		},
	}
	separatorFlag(cmd.Flags(), &separator)
	cmd.Flags().BoolVar(&showSecrets, "show-secrets", false, "show the data of Secrets")
	return cmd
}

// browsed returns what shows a value with a decoder. The bytes of an object are
// hidden if hide says so, or if they can't be decoded.
func browsed(d *kube.Decoder, hide func(doc []byte) bool) func(key, value []byte) browser.Value {
	return func(key, value []byte) browser.Value {
		doc, err := d.Decode(nil, key, value)
		switch {
		case errors.Is(err, kube.ErrNoObject):
			return browser.Value{}
		case err != nil:
			return browser.Value{Note: err.Error(), Hidden: hide(nil)}
		}
		return browser.Value{JSON: doc, Hidden: hide(doc)}
	}
}

// isSecret reports whether the document of an object is that of a Secret. One that
// is not known may be.
func isSecret(doc []byte) bool { return doc == nil || bytes.Contains(doc, []byte(`"kind":"Secret"`)) }

// commandLine returns what writes a command of the program as it is typed into a
// shell, with the file that cmd reads.
func (p Program) commandLine(cmd *cobra.Command) func(name string, args ...string) string {
	return func(name string, args ...string) string {
		if from := cmd.Flags().Lookup("from"); from != nil {
			args = append(args, "--from", from.Value.String())
		}
		line := p.Name + " " + name
		for _, arg := range args {
			line += " " + cli.Quote(arg)
		}
		return line
	}
}
