using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading.Tasks;
using Xunit;

namespace Okdok.Tests
{
    // Where the native library is found, and the message if it is not.
    [Collection(Alone.Name)]
    public sealed class LoadingTests
    {
        private const string FileName = "libokdok.so";

        private static string Architecture { get; } = RuntimeInformation.ProcessArchitecture.ToString();

        private static string RuntimeFolder { get; } = Path.Combine("runtimes", "linux-" + Lower(Architecture), "native");

        [Fact]
        public async Task It_is_looked_for_in_this_order()
        {
            using (ScratchFolder scratch = Linux())
            {
                string chosen = await StandIn(scratch, "chosen", "elsewhere", "any-name.so");
                string package = await StandIn(scratch, "package", RuntimeFolder, FileName);
                string beside = await StandIn(scratch, "beside", FileName);
                await StandIn(scratch, "system", "system", FileName + ".0");
                Dictionary<string, string> system = new Dictionary<string, string>
                {
                    ["LD_LIBRARY_PATH"] = Path.Combine(scratch.Path, "system"),
                    ["TMPDIR"] = Directory.CreateDirectory(scratch.At("temporary")).FullName,
                };

                Assert.Contains("Not deleted: chosen", (await Run(scratch, chosen, system)).Error, StringComparison.Ordinal);
                Assert.Contains("Not deleted: package", (await Run(scratch, "", system)).Error, StringComparison.Ordinal);
                File.Delete(package);
                Assert.Contains("Not deleted: beside", (await Run(scratch, "", system)).Error, StringComparison.Ordinal);
                File.Delete(beside);
                Assert.Contains("Not deleted: system", (await Run(scratch, "", system)).Error, StringComparison.Ordinal);
                Assert.Empty(Directory.GetFiles(system["TMPDIR"], "*okdok*", SearchOption.AllDirectories));
            }
        }

        [Fact]
        public async Task OKDOK_LIBRARY_is_the_only_place_when_it_is_set()
        {
            using (ScratchFolder scratch = Linux())
            {
                await StandIn(scratch, "package", RuntimeFolder, FileName);
                await StandIn(scratch, "beside", FileName);
                string missing = Path.Combine(scratch.Path, "missing.so");
                AssertFailure(await Run(scratch, missing), missing);
            }
        }

        [Fact]
        public async Task The_current_directory_is_no_place()
        {
            using (ScratchFolder scratch = Linux())
            using (ScratchFolder current = new ScratchFolder())
            {
                await StandIn(current, "current", FileName);
                await StandIn(current, "current", FileName + ".0");
                await StandIn(current, "current", RuntimeFolder, FileName);
                ChildProcess child = await ExampleProgram.Run(scratch, "id", Sandbox.Url, Sandbox.Key, "", null, current.Path);
                AssertFailure(child, Path.Combine(scratch.Path, RuntimeFolder, FileName), Path.Combine(scratch.Path, FileName), FileName + ".0");
            }
        }

        [Fact]
        public async Task Another_ABI_version_is_refused()
        {
            using (ScratchFolder scratch = Linux())
            {
                string path = await StandIn(scratch, "other", 7, 40, false, "other.so");
                AssertFailure(await Run(scratch, path), path, "ABI version 7", "needs 0");
            }
        }

        [Fact]
        public async Task The_wrong_bitness_is_refused()
        {
            using (ScratchFolder scratch = Linux())
            {
                string path = await StandIn(scratch, "other", "other.so");
                byte[] file = File.ReadAllBytes(path);

                // EI_CLASS: 1 means 32 bits, 2 means 64.
                file[4] = (byte)(3 - file[4]);
                File.WriteAllBytes(path, file);
                AssertFailure(await Run(scratch, path), path, "ELF");
            }
        }

        [Fact]
        public async Task What_is_no_library_is_refused()
        {
            using (ScratchFolder scratch = Linux())
            {
                string path = scratch.At(RuntimeFolder, FileName);
                File.WriteAllText(path, "not a library");
                AssertFailure(await Run(scratch, ""), path);
            }
        }

        [Fact]
        public async Task Another_library_is_refused()
        {
            using (ScratchFolder scratch = Linux())
            {
                string path = scratch.At("other.so");
                await Compiler.Compile("layout.c", path, "-shared", "-fPIC");
                AssertFailure(await Run(scratch, path), path, "okdok_abi_version");
            }
        }

        [Theory]
        [InlineData(99, true, 0)]
        [InlineData(99, false, 1)]
        [InlineData(40, false, 1)]
        public async Task The_returned_bool_decides_whatever_the_status(int status, bool result, int exitCode)
        {
            using (ScratchFolder scratch = Linux())
            {
                ChildProcess child = await Run(scratch, await StandIn(scratch, "why", 0, status, result, FileName));
                Assert.Equal(exitCode, child.ExitCode);
                Assert.Equal(result ? "Deleted id" : "", child.Output.Trim());
                Assert.Equal(result ? "" : "Not deleted: why", child.Error.Trim());
            }
        }

        [Theory]
        [InlineData("linux-x64", "linux-")]
        [InlineData("ubuntu.24.04-x64", "linux-")]
        [InlineData("linux-musl-x64", "linux-musl-")]
        [InlineData("alpine-x64", "linux-musl-")]
        [InlineData("alpine.3.22-x64", "linux-musl-")]
        [InlineData("void-musl-x64", "linux-musl-")]
        public void A_distribution_of_musl_gets_the_library_for_musl(string host, string system)
        {
            Assert.SkipUnless(RuntimeInformation.IsOSPlatform(OSPlatform.Linux), "only Linux has two of them");
            object? before = AppDomain.CurrentDomain.GetData("RUNTIME_IDENTIFIER");
            AppDomain.CurrentDomain.SetData("RUNTIME_IDENTIFIER", host);
            try
            {
                Assert.Equal(system + Lower(Architecture), NativeLoader.RuntimeIdentifier());
            }
            finally
            {
                AppDomain.CurrentDomain.SetData("RUNTIME_IDENTIFIER", before);
            }
        }

#if NET8_0_OR_GREATER
        [Fact]
        public async Task What_the_host_found_comes_before_what_we_guess()
        {
            using (ScratchFolder scratch = Linux())
            {
                // As in a package with one file for all of Linux, which .NET finds through the program's list of dependencies.
                await StandIn(scratch, "guess", RuntimeFolder, FileName);
                await StandIn(scratch, "host", "runtimes", "linux", "native", FileName);
                string list = Path.Combine(scratch.Path, "Delete.deps.json");
                string text = File.ReadAllText(list);
                int at = text.IndexOf("\"Okdok/", StringComparison.Ordinal);
                at = text.IndexOf("\"runtime\":", at, StringComparison.Ordinal);
                File.WriteAllText(list, text.Insert(
                    at, "\"runtimeTargets\": { \"runtimes/linux/native/libokdok.so\": { \"rid\": \"linux\", \"assetType\": \"native\" } },"));
                Assert.Contains("Not deleted: host", (await Run(scratch, "")).Error, StringComparison.Ordinal);
            }
        }

        [Fact]
        public async Task The_assembly_for_netstandard_says_why_too()
        {
            using (ScratchFolder scratch = Linux())
            {
                File.Copy(Repository.Metadata("NetStandard"), Path.Combine(scratch.Path, "Okdok.dll"), true);
                string missing = Path.Combine(scratch.Path, "missing.so");
                AssertFailure(await Run(scratch, missing), missing + ": cannot open shared object file");

                // As in a PowerShell module, for which no build copies anything.
                await StandIn(scratch, "package", RuntimeFolder, FileName);
                Assert.Contains("Not deleted: package", (await Run(scratch, "")).Error, StringComparison.Ordinal);
            }
        }

#endif
        [Fact]
        public void A_failure_is_not_kept()
        {
            string library = Environment.GetEnvironmentVariable("OKDOK_LIBRARY") ?? "";
            try
            {
                Environment.SetEnvironmentVariable("OKDOK_LIBRARY", Path.Combine(Path.GetTempPath(), "okdok-missing.so"));
                Assert.Throws<DllNotFoundException>(NativeLoader.Load);
            }
            finally
            {
                Environment.SetEnvironmentVariable("OKDOK_LIBRARY", library);
            }

            Assert.NotNull(NativeLoader.Load());
        }

        private static void AssertFailure(ChildProcess child, params string[] words)
        {
            Assert.NotEqual(0, child.ExitCode);
            Assert.Contains("System.DllNotFoundException", child.Error, StringComparison.Ordinal);
            Assert.Contains(Architecture, child.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("TypeInitializationException", child.Error, StringComparison.Ordinal);
            Assert.All(words, word => Assert.Contains(word, child.Error, StringComparison.Ordinal));
        }

        private static ScratchFolder Linux()
        {
            Assert.SkipUnless(RuntimeInformation.IsOSPlatform(OSPlatform.Linux), "stand-ins for the library are compiled on Linux only");
            ScratchFolder scratch = new ScratchFolder();
            ExampleProgram.CopyTo(scratch);
            return scratch;
        }

        private static Task<ChildProcess> Run(ScratchFolder scratch, string library, IReadOnlyDictionary<string, string>? more = null) =>
            ExampleProgram.Run(scratch, "id", Sandbox.Url, Sandbox.Key, library, more);

        private static Task<string> StandIn(ScratchFolder scratch, string name, params string[] path) =>
            StandIn(scratch, name, 0, 40, false, path);

        private static async Task<string> StandIn(ScratchFolder scratch, string name, int abi, int status, bool result, params string[] path)
        {
            string target = scratch.At(path);
            await Compiler.Compile(
                "stand_in.c",
                target,
                "-shared",
                "-fPIC",
                "-DNAME=\\\"" + name + "\\\"",
                "-DABI=" + abi,
                "-DSTATUS=" + status,
                "-DRESULT=" + (result ? 1 : 0));
            return target;
        }

        private static string Lower(string text) => string.Concat(text.Select(char.ToLowerInvariant));
    }
}
