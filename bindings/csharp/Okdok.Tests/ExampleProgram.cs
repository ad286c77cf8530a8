using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading.Tasks;
using Xunit;

namespace Okdok.Tests
{
    // examples/Delete.cs as the SDK compiled it, run in a separate process.
    internal static class ExampleProgram
    {
        private static readonly string Folder = Repository.Metadata("ExampleProgram");

        internal static void CopyTo(ScratchFolder scratch)
        {
            Assert.SkipUnless(Directory.Exists(Folder), "the example program was not built here: " + Folder);
            foreach (string file in Directory.GetFiles(Folder))
            {
                File.Copy(file, scratch.At(Path.GetFileName(file)));
            }
        }

        internal static Task<ChildProcess> Run(
            ScratchFolder scratch, string id, string baseUrl, string key, string library, IReadOnlyDictionary<string, string>? more = null,
            string workingDirectory = "")
        {
            Dictionary<string, string> environment = new Dictionary<string, string>
            {
                ["OKDOK_BASE_URL"] = baseUrl,
                ["OKDOK_API_KEY"] = key,
                ["OKDOK_API_KEY_FILE"] = "",
                ["OKDOK_LIBRARY"] = library,

                // Keeps sockets and dumps out of the temporary folder.
                ["DOTNET_EnableDiagnostics"] = "0",
            };
            foreach (KeyValuePair<string, string> variable in more ?? new Dictionary<string, string>())
            {
                environment[variable.Key] = variable.Value;
            }

            string current = workingDirectory.Length > 0 ? workingDirectory : scratch.Path;
            string arguments = "\"" + id + "\"";
#if NETFRAMEWORK
            string program = Path.Combine(scratch.Path, "Delete.exe");
            return RuntimeInformation.IsOSPlatform(OSPlatform.Windows)
                ? ChildProcess.Run(program, arguments, environment, current)
                : ChildProcess.Run("mono", "\"" + program + "\" " + arguments, environment, current);
#else
            return ChildProcess.Run("dotnet", "exec \"" + Path.Combine(scratch.Path, "Delete.dll") + "\" " + arguments, environment, current);
#endif
        }
    }
}
