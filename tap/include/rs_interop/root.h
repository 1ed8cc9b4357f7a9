/*
 * Root component whose session creation compiles with every Genode version from 24.11 on
 *
 * Up to 25.x '_create_session' returns a pointer, later a 'Create_result'.
 */
#ifndef _INCLUDE__RS_INTEROP__ROOT_H_
#define _INCLUDE__RS_INTEROP__ROOT_H_

#include <root/component.h>

namespace Rs_interop {

	using namespace Genode;

	template <typename ROOT, typename SESSION>
	struct Created { using Type = SESSION *; };

	template <typename ROOT, typename SESSION>
	requires requires { typename ROOT::Create_result; }
	struct Created<ROOT, SESSION> { using Type = typename ROOT::Create_result; };

	template <typename SESSION, typename CONTEXT>
	struct Any_root : Root_component<SESSION>
	{
		using Super  = Root_component<SESSION>;
		using Result = typename Created<Super, SESSION>::Type;

		CONTEXT &_context;

		Any_root(Entrypoint &ep, Allocator &alloc, CONTEXT &context)
		: Super(ep, alloc), _context(context) { }

		template <typename R>
		R _make()
		{
			if constexpr (requires { this->_alloc_obj(_context); })
				return this->_alloc_obj(_context);
			else
				return new (this->md_alloc()) SESSION(_context);
		}

		Result _create_session(char const *) override { return _make<Result>(); }
	};
}

#endif /* _INCLUDE__RS_INTEROP__ROOT_H_ */
