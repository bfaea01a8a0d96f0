// Command manpages writes the man pages and the completion scripts of both
// programs, for `make install`. It is not part of the programs.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"etcdkit/commands/cli"
	"etcdkit/commands/ctl"
	"etcdkit/commands/util"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: manpages SHARE\nwrites man pages and completion scripts below SHARE")
		os.Exit(2)
	}
	for _, root := range []*cobra.Command{ctl.NewRoot(cli.Streams{}), util.NewRoot(cli.Streams{})} {
		if err := write(root, os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, "manpages:", err)
			os.Exit(1)
		}
	}
}

// write writes the pages and scripts of one program where shells and man(1) look
// for them below a share directory.
func write(root *cobra.Command, share string) error {
	name := root.Name()
	man := filepath.Join(share, "man", "man1")
	bash := filepath.Join(share, "bash-completion", "completions", name)
	zsh := filepath.Join(share, "zsh", "site-functions", "_"+name)
	fish := filepath.Join(share, "fish", "vendor_completions.d", name+".fish")
	for _, dir := range []string{man, filepath.Dir(bash), filepath.Dir(zsh), filepath.Dir(fish)} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	root.DisableAutoGenTag = true
	epoch := time.Unix(0, 0).UTC() // the pages do not depend on the day
	if err := doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: "etcdkit", Manual: "etcdkit", Date: &epoch}, man); err != nil {
		return fmt.Errorf("man pages of %s: %w", name, err)
	}
	if err := root.GenBashCompletionFileV2(bash, true); err != nil {
		return fmt.Errorf("bash completion of %s: %w", name, err)
	}
	if err := root.GenZshCompletionFile(zsh); err != nil {
		return fmt.Errorf("zsh completion of %s: %w", name, err)
	}
	if err := root.GenFishCompletionFile(fish, true); err != nil {
		return fmt.Errorf("fish completion of %s: %w", name, err)
	}
	return nil
}
