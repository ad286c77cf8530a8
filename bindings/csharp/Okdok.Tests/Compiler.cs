using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.IO;
using System.Threading.Tasks;
using Xunit;

namespace Okdok.Tests
{
    // The machine's C compiler, with the committed header.
    internal static class Compiler
    {
        internal static async Task Compile(string source, string target, params string[] options)
        {
            string folder = Path.Combine(Repository.Root, "bindings", "csharp", "Okdok.Tests");
            string arguments = string.Join(" ", options) + " -Wall -Wextra -Werror -I \"" + Path.Combine(Repository.Root, "include")
                + "\" \"" + Path.Combine(folder, source) + "\" -o \"" + target + "\"";
            ChildProcess compiler;
            try
            {
                compiler = await ChildProcess.Run("cc", arguments, new Dictionary<string, string>(), Repository.Root);
            }
            catch (Win32Exception)
            {
                Assert.Skip("no C compiler (cc) on this machine");
                return;
            }

            Assert.True(compiler.ExitCode == 0, compiler.Error);
        }
    }
}
