using System;
using System.Runtime.InteropServices;
#if NET8_0_OR_GREATER
using System.Runtime.CompilerServices;

[assembly: DisableRuntimeMarshalling]
#else

[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
#endif

namespace Okdok
{
    // The functions of okdok.h and, for .NET Framework and Mono, those that load a library. They take only numbers and pointers, so nothing is marshalled.
    internal sealed unsafe class NativeMethods
    {
        internal const uint AbiVersion = 0;

        internal readonly ClientNew okdok_client_new;
        internal readonly DeleteSignatureRequest okdok_delete_signature_request;
        internal readonly Free okdok_free;
        internal readonly StatusName okdok_status_name;
        internal readonly Version okdok_version;
        internal readonly GetAbiVersion okdok_abi_version;

        internal NativeMethods(Func<string, IntPtr> export)
        {
            okdok_abi_version = Bind<GetAbiVersion>(export("okdok_abi_version"));
            okdok_version = Bind<Version>(export("okdok_version"));
            okdok_status_name = Bind<StatusName>(export("okdok_status_name"));
            okdok_client_new = Bind<ClientNew>(export("okdok_client_new"));
            okdok_delete_signature_request = Bind<DeleteSignatureRequest>(export("okdok_delete_signature_request"));
            okdok_free = Bind<Free>(export("okdok_free"));
        }

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        internal delegate IntPtr ClientNew(byte* baseUrl, byte* apiKey, Options* options, int* outStatus, Error* outError);

        // byte is C's bool.
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        internal delegate byte DeleteSignatureRequest(IntPtr client, byte* signatureRequestId, int* outStatus, Error* outError);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        internal delegate void Free(IntPtr client);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        internal delegate byte* StatusName(int status);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        internal delegate byte* Version();

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        internal delegate uint GetAbiVersion();

        private static T Bind<T>(IntPtr function) => Marshal.GetDelegateForFunctionPointer<T>(function);

        [StructLayout(LayoutKind.Sequential)]
        internal struct Options
        {
            internal uint size;
            internal uint timeout_ms;
            internal uint connect_timeout_ms;
            internal uint max_attempts;
            internal byte* ca_file;
            internal byte* proxy;
            internal byte* user_agent;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct Error
        {
            internal const int ServiceCodeLength = 128;
            internal const int ServiceValueLength = 256;
            internal const int MessageLength = 512;
            internal const int LoggedAttempts = 6;

            internal int status;
            internal int http_status;
            internal uint attempts;
            internal uint outcome_unknown;
            internal uint retry_after_ms;
            internal fixed byte service_code[ServiceCodeLength];
            internal fixed byte service_value[ServiceValueLength];
            internal fixed byte message[MessageLength];
            internal uint elapsed_ms;
            internal fixed uint attempt_log[18]; // Attempt[LoggedAttempts], which C# cannot express
            internal fixed uint reserved[8];
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct Attempt
        {
            internal short status;
            internal short http_status;
            internal uint waited_ms;
            internal uint elapsed_ms;
        }

#if !NET8_0_OR_GREATER
        internal static class Windows
        {
            // The system's folders and the program's, never the current directory.
            internal const int SearchDefaultDirectories = 0x1000;

            // What the library itself needs may also be beside it.
            internal const int SearchLoadDirectory = 0x100;

            [DllImport("kernel32.dll", ExactSpelling = true, SetLastError = true)]
            internal static extern IntPtr LoadLibraryExW(char* path, IntPtr reserved, int flags);

            [DllImport("kernel32.dll", ExactSpelling = true, SetLastError = true)]
            internal static extern IntPtr GetProcAddress(IntPtr library, byte* name);
        }

        internal static class Linux
        {
            [DllImport("libdl.so.2")]
            internal static extern IntPtr dlopen(byte* path, int flags);

            [DllImport("libdl.so.2")]
            internal static extern IntPtr dlsym(IntPtr library, byte* name);

            [DllImport("libdl.so.2")]
            internal static extern byte* dlerror();
        }

        internal static class MacOS
        {
            [DllImport("libSystem.dylib")]
            internal static extern IntPtr dlopen(byte* path, int flags);

            [DllImport("libSystem.dylib")]
            internal static extern IntPtr dlsym(IntPtr library, byte* name);

            [DllImport("libSystem.dylib")]
            internal static extern byte* dlerror();
        }
#endif
    }
}
