using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;

namespace Okdok
{
    // Finds the native library, loads it once and checks its ABI version.
    internal static unsafe class NativeLoader
    {
        // A failure is not cached: the next use searches again.
        private static readonly Lazy<NativeMethods> Once = new Lazy<NativeMethods>(Load, LazyThreadSafetyMode.PublicationOnly);

        internal static NativeMethods Methods => Once.Value;

        private static bool IsWindows => RuntimeInformation.IsOSPlatform(OSPlatform.Windows);

        private static bool IsMacOS => RuntimeInformation.IsOSPlatform(OSPlatform.OSX);

        private static string FileName => IsWindows ? "libokdok.dll" : IsMacOS ? "libokdok.dylib" : "libokdok.so";

        internal static NativeMethods Load()
        {
            List<string> lookedAt = new List<string>();
            string path = Find(lookedAt);
            try
            {
                IntPtr library = Open(path);
                NativeMethods methods = new NativeMethods(name => Export(library, name));
                uint abi = methods.okdok_abi_version();
                return abi == NativeMethods.AbiVersion
                    ? methods
                    : throw new EntryPointNotFoundException(
                        path + " has ABI version " + abi + ", but this assembly needs " + NativeMethods.AbiVersion);
            }
            catch (Exception e) when (e is DllNotFoundException || e is BadImageFormatException || e is EntryPointNotFoundException)
            {
                throw new DllNotFoundException(
                    "okdok: no usable native library for this " + RuntimeInformation.ProcessArchitecture + " process on "
                    + RuntimeInformation.OSDescription.Trim() + ": " + e.Message + ". Looked at: " + string.Join("; ", lookedAt)
                    + ". Reference the Okdok package, install libokdok, or set OKDOK_LIBRARY to its path."
                    + (IsWindows ? " The library needs Windows 10 or Windows Server 2016, or newer." : ""),
                    e);
            }
        }

        // Takes the first that exists and tries no other, since a file in one of these places is there on purpose.
        private static string Find(List<string> lookedAt)
        {
            string chosen = Environment.GetEnvironmentVariable("OKDOK_LIBRARY") ?? "";
            if (chosen.Length > 0)
            {
                chosen = Path.GetFullPath(chosen);
                lookedAt.Add(chosen + " (from OKDOK_LIBRARY)");
                return chosen;
            }

            string package = Path.Combine("runtimes", RuntimeIdentifier(), "native");
            IEnumerable<string> folders = HostFolders()
                .Concat(OwnFolders().Select(folder => Path.Combine(folder, package)))
                .Concat(OwnFolders());
            foreach (string path in folders.Select(folder => Path.GetFullPath(Path.Combine(folder, FileName))).Distinct())
            {
                lookedAt.Add(path);
                if (File.Exists(path))
                {
                    return path;
                }
            }

            // Only development files bring the name without the number.
            string system = IsWindows || IsMacOS ? FileName : FileName + "." + NativeMethods.AbiVersion;
            lookedAt.Add(system + " (the system's search path)");
            return system;
        }

        private static IEnumerable<string> OwnFolders()
        {
            string file = AssemblyFile();
            if (file.Length > 0)
            {
                yield return Path.GetDirectoryName(file) ?? "/";
#if !NET8_0_OR_GREATER
                // ASP.NET runs copies of assemblies; this is the place of the original.
                yield return Path.GetDirectoryName(new Uri(typeof(NativeLoader).Assembly.CodeBase).LocalPath) ?? "/";
#endif
            }

            yield return AppContext.BaseDirectory;
        }

        // Empty if the program was published as a single file.
#if NET8_0_OR_GREATER
        [System.Diagnostics.CodeAnalysis.UnconditionalSuppressMessage("SingleFile", "IL3000", Justification = "Empty is expected.")]
#endif
        private static string AssemblyFile() => typeof(NativeLoader).Assembly.Location;

        // Where .NET found the native files of packages, since it knows the machine better than we do. The program's own folder is tried later.
        private static IEnumerable<string> HostFolders() =>
            (AppDomain.CurrentDomain.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "")
                .Split(new[] { Path.PathSeparator }, StringSplitOptions.RemoveEmptyEntries)
                .Where(folder => Path.GetFullPath(Path.Combine(folder, FileName)) != Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, FileName)));

        internal static string RuntimeIdentifier()
        {
            // The platform that .NET was built for, perhaps by a distribution: alpine.3.22-x64, void-musl-x64.
            string host = AppDomain.CurrentDomain.GetData("RUNTIME_IDENTIFIER") as string ?? "";
            bool musl = host.StartsWith("alpine", StringComparison.Ordinal) || host.Split('-').Contains("musl");
            string system = IsWindows ? "win-" : IsMacOS ? "osx-" : musl ? "linux-musl-" : "linux-";
#pragma warning disable CA1308 // Runtime identifiers are lower case.
            return system + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
#pragma warning restore CA1308
        }

#if NET8_0_OR_GREATER
        // Never from the current directory, which Windows searches by default.
        private static IntPtr Open(string path) => IsWindows
            ? NativeLibrary.Load(path, typeof(NativeLoader).Assembly, DllImportSearchPath.SafeDirectories)
            : NativeLibrary.Load(path);

        private static IntPtr Export(IntPtr library, string name) => NativeLibrary.GetExport(library, name);
#else
        private static IntPtr Open(string path)
        {
            IntPtr library;
            string problem = "";
            if (IsWindows)
            {
                int flags = NativeMethods.Windows.SearchDefaultDirectories
                    | (Path.IsPathRooted(path) ? NativeMethods.Windows.SearchLoadDirectory : 0);
                fixed (char* text = path)
                {
                    library = NativeMethods.Windows.LoadLibraryExW(text, IntPtr.Zero, flags);
                }

                if (library == IntPtr.Zero)
                {
                    problem = path + ": " + new System.ComponentModel.Win32Exception(Marshal.GetLastWin32Error()).Message;
                }
            }
            else
            {
                // Resolves dlerror now: doing so after a failure of dlopen would clear its message.
                Error();

                // RTLD_NOW, and RTLD_LOCAL, which is 0 on Linux and 4 on macOS.
                fixed (byte* text = NativeText.Encode(path, nameof(path)))
                {
                    library = IsMacOS ? NativeMethods.MacOS.dlopen(text, 2 | 4) : NativeMethods.Linux.dlopen(text, 2);
                }

                if (library == IntPtr.Zero)
                {
                    problem = Error();
                }
            }

            return library != IntPtr.Zero ? library : throw new DllNotFoundException(problem);
        }

        private static string Error()
        {
            byte* error = IsMacOS ? NativeMethods.MacOS.dlerror() : NativeMethods.Linux.dlerror();
            return error == null ? "dlopen failed without a reason" : NativeText.Decode(error, 4096);
        }

        private static IntPtr Export(IntPtr library, string name)
        {
            IntPtr function;
            fixed (byte* text = NativeText.Encode(name, nameof(name)))
            {
                function = IsWindows ? NativeMethods.Windows.GetProcAddress(library, text)
                    : IsMacOS ? NativeMethods.MacOS.dlsym(library, text)
                    : NativeMethods.Linux.dlsym(library, text);
            }

            return function != IntPtr.Zero ? function : throw new EntryPointNotFoundException("the library has no function " + name);
        }
#endif
    }
}
