using System;
using System.Runtime.InteropServices;

namespace Okdok
{
    // Frees the native client once the last call that uses it has ended, by Dispose or by the finalizer.
    internal sealed class ClientHandle : SafeHandle
    {
        internal ClientHandle()
            : base(IntPtr.Zero, true)
        {
        }

        public override bool IsInvalid => handle == IntPtr.Zero;

        internal void Set(IntPtr client) => SetHandle(client);

        protected override bool ReleaseHandle()
        {
            NativeLoader.Methods.okdok_free(handle);
            return true;
        }
    }
}
