package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// Completion returns the command that prints shell completion scripts for the
// program that it is added to. about is a paragraph about what is completed.
func Completion(program, about string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "completion [bash|zsh|fish|powershell]",
		Short: "Print a shell completion script",
		Long: fmt.Sprintf(`Print a script that completes %[1]s's commands and flags in a shell.

For the shell you are in:
  bash        source <(%[1]s completion bash)
  zsh         source <(%[1]s completion zsh)
  fish        %[1]s completion fish | source
  PowerShell  %[1]s completion powershell | Out-String | Invoke-Expression

%[2]sTo keep it, write the script where the shell looks for completions, such as
/etc/bash_completion.d/%[1]s, a directory of zsh's $fpath (as _%[1]s), or
~/.config/fish/completions/%[1]s.fish.`, program, about),
		DisableFlagsInUseLine: true,
		ValidArgs:             shells(),
		Args:                  oneShell,
		RunE: func(cmd *cobra.Command, args []string) error {
			root, out := cmd.Root(), cmd.OutOrStdout()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(out, true)
			case "zsh":
				return root.GenZshCompletion(out)
			case "fish":
				return root.GenFishCompletion(out, true)
			default:
				return root.GenPowerShellCompletionWithDesc(out)
			}
		},
	}
	return cmd
}

func shells() []string { return []string{"bash", "zsh", "fish", "powershell"} }

// oneShell checks that the only argument is one of the shells.
func oneShell(cmd *cobra.Command, args []string) error {
	err := cobra.ExactArgs(1)(cmd, args)
	if err == nil {
		err = cobra.OnlyValidArgs(cmd, args)
	}
	if err != nil {
		text, _, _ := strings.Cut(err.Error(), "\n") // cobra may suggest a shell, which the list does too
		return fmt.Errorf("%s: use one of %s", text, strings.Join(shells(), ", "))
	}
	return nil
}
